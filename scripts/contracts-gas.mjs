// Gas of the settlement core as receipts show it (21k base and calldata included), behind the proxy, with OpenZeppelin tokens.
// Deploys in the documented CREATE2 order. Writes contracts/gas-report.json; with --check compares with it instead.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const { keccak256 } = createRequire(path.join(root, 'package.json'))('js-sha3');
const reportFile = path.join(root, 'contracts', 'gas-report.json');
const TOLERANCE = 0.005;
const TARGETS = {
  originateFirst: 155_000,
  originateSteady: 120_000,
  installment: 62_000,
  repayFullWithRelease: 78_000,
  deployTotal: 6_000_000,
};
const CREATE2_DEPLOYER = '0x4e59b44847b379578588920ca78fbf26c0b4956c';
const DAY = 86_400;
/** Fixed, so that call data and interest are the same bytes in each run. */
const START = 1_900_000_000;

// --- ABI: every value here is one static word, but for the two signatures of `originate`.
const hash = (hex) => `0x${keccak256(Buffer.from(hex.replace(/^0x/, ''), 'hex'))}`;
const word = (value) => {
  if (typeof value === 'boolean') return word(value ? 1n : 0n);
  if (typeof value === 'string' && value.startsWith('0x')) return value.slice(2).toLowerCase().padStart(64, '0');
  return BigInt(value).toString(16).padStart(64, '0');
};
const words = (values) => values.map(word).join('');
const bytesTail = (hex) => {
  const body = hex.replace(/^0x/, '');
  return word(body.length / 2) + body.padEnd(Math.ceil(body.length / 64) * 64, '0');
};
const artifact = (name) => JSON.parse(fs.readFileSync(path.join(root, 'target/forge/out', `${name}.sol`, `${name}.json`), 'utf8'));
const selectorOf = (artifactJson, name) => {
  const found = Object.entries(artifactJson.methodIdentifiers).find(([signature]) => signature.startsWith(`${name}(`));
  return `0x${found[1]}`;
};

// --- JSON-RPC
let url;
let requestId = 0;
async function rpc(method, params = []) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: ++requestId, method, params });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { result, error } = await response.json();
  if (error) throw new Error(`${method}: ${error.message} ${error.data ?? ''}`);
  return result;
}
async function receiptOf(tx) {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const receipt = await rpc('eth_getTransactionReceipt', [tx]);
    if (receipt) return receipt;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error(`no receipt of ${tx}`);
}
async function send(from, to, data) {
  const tx = await rpc('eth_sendTransaction', [{ from, to, data, gas: '0xf42400' }]);
  const receipt = await receiptOf(tx);
  if (receipt.status !== '0x1') {
    const why = await rpc('eth_call', [{ from, to, data }]).catch((error) => error.message);
    throw new Error(`transaction to ${to} reverted: ${why}`);
  }
  return receipt;
}
const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function startAnvil() {
  const port = await freePort();
  const child = spawn(process.env.ANVIL, ['--port', String(port), '--silent', '--timestamp', String(START), '--accounts', '10'], { stdio: 'inherit' });
  url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt++) {
    try {
      await rpc('eth_chainId');
      return child;
    } catch (error) {
      if (attempt === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

// --- Deployment
const deployments = {};
async function create2(from, name, args = '') {
  const init = artifact(name).bytecode.object + args;
  const salt = '00'.repeat(32);
  const receipt = await send(from, CREATE2_DEPLOYER, `0x${salt}${init.slice(2)}`);
  deployments[name] = Number(receipt.gasUsed);
  return `0x${hash(`ff${CREATE2_DEPLOYER.slice(2)}${salt}${hash(init).slice(2)}`).slice(26)}`;
}
async function deployToken(from, name, decimals) {
  const [offsetName, offsetSymbol] = [0x60, 0xa0];
  const text = Buffer.from(name).toString('hex');
  const args = word(offsetName) + word(offsetSymbol) + word(decimals) + bytesTail(text) + bytesTail(text);
  const tx = await rpc('eth_sendTransaction', [{ from, data: artifact('DevToken').bytecode.object + args, gas: '0xf42400' }]);
  return (await receiptOf(tx)).contractAddress;
}
async function deployCore(admin) {
  const bootstrapJson = artifact('Bootstrap');
  const aggregatorJson = artifact('CreditAggregator');
  const bootstrap = await create2(admin, 'Bootstrap');
  const init = `${selectorOf(bootstrapJson, 'initialize').slice(2)}${word(admin)}`;
  const proxy = await create2(admin, 'ERC1967Proxy', word(bootstrap) + word(0x40) + bytesTail(init));
  const manager = await create2(admin, 'CollateralManager', word(proxy));
  const implementation = await create2(admin, 'CreditAggregator', word(manager));
  const initialize = `${selectorOf(aggregatorJson, 'initialize').slice(2)}${word(admin)}`;
  const upgrade = selectorOf(bootstrapJson, 'upgradeToAndCall') + word(implementation) + word(0x40) + bytesTail(initialize);
  deployments.upgradeAndInitialize = Number((await send(admin, proxy, upgrade)).gasUsed);
  return { proxy, manager };
}

// --- What is signed
const solidityMembers = (function_, input) =>
  artifact('CreditAggregator').abi.find((entry) => entry.name === function_).inputs[input].components.map(({ name, type }) => ({ name, type }));
const domainType = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
];
const OFFER = solidityMembers('hashOffer', 0);
const INTENT = solidityMembers('hashIntent', 0);
const valuesOf = (members, message) => members.map(({ name }) => message[name]);
async function sign(signer, domain, primaryType, members, message) {
  const text = Object.fromEntries(Object.entries(message).map(([key, value]) => [key, String(value)]));
  return rpc('eth_signTypedData_v4', [
    signer,
    { domain, primaryType, message: text, types: { EIP712Domain: domainType, [primaryType]: members } },
  ]);
}

async function main() {
  const anvil = await startAnvil();
  try {
    const report = await measure();
    finish(report);
  } finally {
    anvil.kill();
  }
}

async function measure() {
  const [admin, lender, recipientOfFees, relayer, ...borrowers] = await rpc('eth_accounts');
  const { proxy, manager } = await deployCore(admin);
  const [asset, collateral] = [await deployToken(admin, 'Gas Asset', 6), await deployToken(admin, 'Gas Collateral', 18)];
  const tokenJson = artifact('DevToken');
  const aggregatorJson = artifact('CreditAggregator');
  const mint = (token, to, amount) => send(admin, token, selectorOf(tokenJson, 'mint') + words([to, amount]));
  const approve = (token, from, to, amount) => send(from, token, selectorOf(tokenJson, 'approve') + words([to, amount]));
  const MAX = 2n ** 256n - 1n;
  await mint(asset, lender, 10n ** 15n);
  await approve(asset, lender, proxy, MAX);
  for (const borrower of borrowers) {
    await mint(collateral, borrower, 10n ** 21n);
    await approve(collateral, borrower, proxy, MAX);
    await mint(asset, borrower, 10n ** 12n);
    await approve(asset, borrower, proxy, MAX);
  }

  const chainId = Number(await rpc('eth_chainId'));
  const domain = { name: 'Usance CreditAggregator', version: '1', chainId, verifyingContract: proxy };
  const at = (time) => rpc('evm_setNextBlockTimestamp', [time]);
  const originate = async (borrower, nonce, changes = {}) => {
    const offer = {
      lender, borrower, asset, collateral, principal: 1_200_000_000n, collateralAmount: 10n ** 18n, installmentAmount: 110_000_000n,
      ratePpm: 120_000n, installments: 12n, period: BigInt(30 * DAY), grace: BigInt(3 * DAY), lateFeeBps: 500n, originationFeeBps: 0n,
      feeRecipient: '0x0000000000000000000000000000000000000000', expiry: 1_900_086_400n, epoch: 0n, nonce, ...changes,
    };
    const hashData = selectorOf(aggregatorJson, 'hashOffer') + words(valuesOf(OFFER, offer));
    const offerHash = await rpc('eth_call', [{ to: proxy, data: hashData }]);
    const intent = { offerHash, borrower, recipient: borrower, minReceived: 1_100_000_000n, deadline: 1_900_086_400n };
    const lenderSignature = await sign(lender, domain, 'Offer', OFFER, offer);
    const borrowerSignature = await sign(borrower, domain, 'Intent', INTENT, intent);
    const head = (OFFER.length + 1 + INTENT.length + 1) * 32;
    const tail = bytesTail(lenderSignature);
    const data = selectorOf(aggregatorJson, 'originate') + words(valuesOf(OFFER, offer)) + word(head) + words(valuesOf(INTENT, intent))
      + word(head + tail.length / 2) + tail + bytesTail(borrowerSignature);
    await at(START + 1000 + 10 * Number(nonce));
    const receipt = await send(relayer, proxy, data);
    const start = Number((await rpc('eth_getBlockByNumber', [receipt.blockNumber, false])).timestamp);
    const loanId = hash(offerHash.slice(2) + word(borrower));
    return { gas: Number(receipt.gasUsed), loanId, terms: words(valuesOf(OFFER, offer)) + word(false) + word(start), start };
  };
  const repay = async (payer, { loanId, terms }, amount) =>
    Number((await send(payer, proxy, selectorOf(aggregatorJson, 'repay') + word(loanId) + terms + word(amount))).gasUsed);

  const gas = {};
  const first = await originate(borrowers[0], 0n);
  gas.originateFirst = first.gas;
  const second = await originate(borrowers[1], 1n);
  gas.originateSteady = second.gas;
  const warm = await originate(borrowers[2], 2n, { originationFeeBps: 100n, feeRecipient: recipientOfFees });
  gas.originateWithNewFeeRecipient = warm.gas;
  const third = await originate(borrowers[3], 3n, { originationFeeBps: 100n, feeRecipient: recipientOfFees });
  gas.originateWithFee = third.gas;

  await at(first.start + 30 * DAY);
  gas.installment = await repay(borrowers[0], first, 110_000_000n);
  await at(first.start + 60 * DAY);
  gas.installment = Math.max(gas.installment, await repay(borrowers[0], first, 110_000_000n));
  await at(first.start + 61 * DAY);
  gas.partialFirst = await repay(borrowers[0], first, 50_000_000n);
  await at(first.start + 62 * DAY);
  gas.partialCompletes = await repay(borrowers[0], first, 60_000_000n);
  await at(second.start + 70 * DAY);
  gas.installmentWithLateFees = await repay(borrowers[1], second, 121_000_000n);
  await at(first.start + 75 * DAY);
  gas.repayFullWithRelease = await repay(borrowers[0], first, MAX);
  await at(third.start + 80 * DAY);
  gas.markDefault = Number((await send(relayer, proxy, selectorOf(aggregatorJson, 'markDefault') + third.loanId.slice(2) + third.terms)).gasUsed);
  gas.cancelOffer = Number((await send(lender, proxy, selectorOf(aggregatorJson, 'cancelOffer') + word(300n))).gasUsed);
  gas.bumpEpoch = Number((await send(lender, proxy, selectorOf(aggregatorJson, 'bumpEpoch'))).gasUsed);
  gas.deployTotal = Object.values(deployments).reduce((sum, value) => sum + value, 0);
  const sizes = Object.fromEntries(
    ['CreditAggregator', 'CollateralManager'].map((name) => [name, (artifact(name).deployedBytecode.object.length - 2) / 2]),
  );
  return { gas, targets: TARGETS, runtimeBytes: sizes };
}

function finish(report) {
  const failures = [];
  for (const [name, limit] of Object.entries(TARGETS)) {
    if (report.gas[name] > limit) failures.push(`${name}: ${report.gas[name]} is over the target ${limit}`);
  }
  if (process.argv.includes('--check')) {
    const committed = JSON.parse(fs.readFileSync(reportFile, 'utf8'));
    for (const [name, value] of Object.entries(report.gas)) {
      const before = committed.gas[name];
      if (before === undefined) failures.push(`${name}: not in the committed report`);
      else if (value > before * (1 + TOLERANCE)) failures.push(`${name}: ${value}, committed ${before}`);
    }
  } else {
    fs.writeFileSync(reportFile, `${JSON.stringify(report, null, 2)}\n`);
  }
  console.log(JSON.stringify(report, null, 2));
  if (failures.length > 0) {
    console.error(failures.join('\n'));
    process.exitCode = 1;
  }
}

await main();
