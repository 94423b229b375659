// Writes contracts/abi/<Name>.json from forge's output; with --check compares instead and fails on a difference.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const names = ['CreditAggregator', 'CollateralManager', 'Bootstrap', 'ERC1967Proxy', 'DevToken'];
const sources = { ERC1967Proxy: 'ERC1967Proxy.sol' };
const check = process.argv.includes('--check');
const folder = path.join(root, 'contracts', 'abi');
const stale = [];

fs.mkdirSync(folder, { recursive: true });
for (const contractName of names) {
  const source = sources[contractName] ?? `${contractName}.sol`;
  const built = path.join(root, 'target', 'forge', 'out', source, `${contractName}.json`);
  const { abi, bytecode, deployedBytecode } = JSON.parse(fs.readFileSync(built, 'utf8'));
  const artifact = { contractName, abi, bytecode: bytecode.object, deployedBytecode: deployedBytecode.object };
  const text = `${JSON.stringify(artifact, null, 2)}\n`;
  const file = path.join(folder, `${contractName}.json`);
  if (!check) fs.writeFileSync(file, text);
  else if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text) stale.push(path.relative(root, file));
}
for (const name of fs.readdirSync(folder)) {
  if (!names.includes(path.basename(name, '.json'))) stale.push(`contracts/abi/${name}`);
}
if (stale.length > 0) {
  console.error(`not what the sources compile to: ${stale.join(', ')}; run scripts/contracts-gen.sh`);
  process.exit(1);
}
