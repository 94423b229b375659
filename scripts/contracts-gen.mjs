// Writes contracts/abi/<Name>.json from forge's output; with --check compares instead and fails on a difference.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const names = [
  'CreditAggregator', 'CreditServicing', 'CollateralManager', 'CreditScoringOracle', 'PriceOracle', 'CreditPool', 'PoolFactory',
  'Tranche', 'VenueRouter', 'Bootstrap', 'ERC1967Proxy', 'TimelockController', 'DevToken', 'DevFeed', 'CheckpointAnchor', 'DevSanctions',
];
const check = process.argv.includes('--check');
const folder = path.join(root, 'contracts', 'abi');
const stale = [];

const built = (contractName) => {
  const file = path.join(root, 'target', 'forge', 'out', `${contractName}.sol`, `${contractName}.json`);
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined;
};
const plain = ({ type, components }) => (components ? type.replace('tuple', `(${components.map(plain).join(',')})`) : type);
const key = (entry) => `${entry.type} ${entry.name ?? ''}(${(entry.inputs ?? []).map(plain).join(',')})`;
const shape = (entry) => JSON.stringify([
  key(entry), (entry.outputs ?? []).map(plain), entry.stateMutability, (entry.inputs ?? []).map(({ indexed }) => indexed),
]);

/**
 * What the proxy answers to: the aggregator's functions and those it passes on, each once, as the interface names them. The two
 * contracts cannot inherit the interface that they only answer to together, so that they do is checked here.
 */
function proxyAbi() {
  const abi = new Map();
  for (const name of ['CreditAggregator', 'CreditServicing']) {
    for (const entry of built(name).abi) {
      if (!abi.has(key(entry)) && !(name === 'CreditServicing' && entry.type === 'constructor')) abi.set(key(entry), entry);
    }
  }
  for (const entry of built('ICreditAggregator').abi) {
    const own = abi.get(key(entry));
    // An event that is written word by word is in no contract's ABI; the tests compare it with the interface's.
    const missing = own ? shape(own) !== shape(entry) : entry.type !== 'event';
    if (missing) throw new Error(`ICreditAggregator is not answered: ${shape(entry)}`);
    abi.set(key(entry), entry);
  }
  return [...abi.values()];
}

fs.mkdirSync(folder, { recursive: true });
const present = names.filter((name) => built(name));
for (const contractName of present) {
  const { abi: own, bytecode, deployedBytecode } = built(contractName);
  const abi = contractName === 'CreditAggregator' ? proxyAbi() : own;
  const artifact = { contractName, abi, bytecode: bytecode.object, deployedBytecode: deployedBytecode.object };
  const text = `${JSON.stringify(artifact, null, 2)}\n`;
  const file = path.join(folder, `${contractName}.json`);
  if (!check) fs.writeFileSync(file, text);
  else if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text) stale.push(path.relative(root, file));
}
for (const name of fs.readdirSync(folder)) {
  if (!present.includes(path.basename(name, '.json'))) stale.push(`contracts/abi/${name}`);
}
if (stale.length > 0) {
  console.error(`not what the sources compile to: ${stale.join(', ')}; run scripts/contracts-gen.sh`);
  process.exit(1);
}
