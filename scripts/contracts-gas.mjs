// Gas of the settlement core as receipts show it (21k base and calldata included), behind the proxy, with OpenZeppelin tokens and
// a listed asset. Deploys in the documented CREATE2 order. Writes contracts/gas-report.json; with --check compares with it instead.
// Another script may import `measure`.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const { keccak256 } = createRequire(path.join(root, 'package.json'))('js-sha3');
const reportFile = path.join(root, 'contracts', 'gas-report.json');
const TOLERANCE = 0.005;
const TARGETS = {
  originateFirst: 155_000,
  originateSteady: 120_000,
  installment: 62_000,
  repayFullWithRelease: 78_000,
  liquidate: 95_000,
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
/** Of a function of the proxy, whichever of the two contracts behind it has it. */
const core = (name) => selectorOf(Object.fromEntries([['methodIdentifiers',
  { ...artifact('CreditServicing').methodIdentifiers, ...artifact('CreditAggregator').methodIdentifiers }]]), name);
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
  const child = spawn(process.env.ANVIL, ['--port', String(port), '--silent', '--prune-history', '256', '--timestamp', String(START), '--accounts', '10'], { stdio: 'inherit' });
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
  deployments[name] = (deployments[name] ?? 0) + Number(receipt.gasUsed);
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
  const bootstrap = await create2(admin, 'Bootstrap');
  const init = `${selectorOf(bootstrapJson, 'initialize').slice(2)}${word(admin)}`;
  const proxy = await create2(admin, 'ERC1967Proxy', word(bootstrap) + word(0x40) + bytesTail(init));
  const manager = await create2(admin, 'CollateralManager', word(proxy));
  const scoringJson = artifact('CreditScoringOracle');
  const scoringImplementation = await create2(admin, 'CreditScoringOracle', word(proxy));
  const initialize = `${selectorOf(scoringJson, 'initialize').slice(2)}${words([admin, admin])}`;
  const scoring = await create2(admin, 'ERC1967Proxy', word(scoringImplementation) + word(0x40) + bytesTail(initialize));
  const servicing = await create2(admin, 'CreditServicing', words([manager, scoring]));
  const implementation = await create2(admin, 'CreditAggregator', words([manager, scoring, servicing]));
  const begin = `${core('initialize').slice(2)}${words([admin, admin])}`;
  const upgrade = selectorOf(bootstrapJson, 'upgradeToAndCall') + word(implementation) + word(0x40) + bytesTail(begin);
  deployments.upgradeAndInitialize = Number((await send(admin, proxy, upgrade)).gasUsed);
  return { proxy, manager };
}
/** The least an oracle can be: it answers what its first slot holds. */
async function deployPrice(from) {
  const data = '0x600b600c600039600b6000f360005460005260206000f3';
  const tx = await rpc('eth_sendTransaction', [{ from, data, gas: '0xf4240' }]);
  return (await receiptOf(tx)).contractAddress;
}
const setPrice = (oracle, price) => rpc('anvil_setStorageAt', [oracle, `0x${word(0)}`, `0x${word(price)}`]);

// --- What is signed
const solidityMembers = (function_, input) =>
  artifact('CreditServicing').abi.find((entry) => entry.name === function_).inputs[input].components.map(({ name, type }) => ({ name, type }));
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
  finish(await measure());
}

/** Deploys everything on a chain of its own and answers `{ gas, targets, deployments, runtimeBytes }`. */
export async function measure() {
  const anvil = await startAnvil();
  try {
    return await measureOn();
  } finally {
    anvil.kill();
  }
}

const ZERO = `0x${'00'.repeat(20)}`;
const NONE = `0x${'00'.repeat(32)}`;
const MAX = 2n ** 256n - 1n;
const SCALE = 10n ** 36n;

async function measureOn() {
  const [admin, lender, otherLender, recipientOfFees, relayer, liquidator, ...borrowers] = await rpc('eth_accounts');
  const { proxy } = await deployCore(admin);
  const [asset, collateral] = [await deployToken(admin, 'Gas Asset', 6), await deployToken(admin, 'Gas Collateral', 18)];
  const oracle = await deployPrice(admin);
  const tokenJson = artifact('DevToken');
  const mint = (token, to, amount) => send(admin, token, selectorOf(tokenJson, 'mint') + words([to, amount]));
  const approve = (token, from, to, amount) => send(from, token, selectorOf(tokenJson, 'approve') + words([to, amount]));
  await send(admin, proxy, core('setAssetCap') + words([asset, 10n ** 13n]));
  for (const each of [lender, otherLender, liquidator]) {
    await mint(asset, each, 10n ** 15n);
    await approve(asset, each, proxy, MAX);
  }
  for (const borrower of borrowers) {
    await mint(collateral, borrower, 10n ** 21n);
    await approve(collateral, borrower, proxy, MAX);
    await mint(asset, borrower, 10n ** 12n);
    await approve(asset, borrower, proxy, MAX);
  }

  const chainId = Number(await rpc('eth_chainId'));
  const domain = { name: 'Usance CreditAggregator', version: '1', chainId, verifyingContract: proxy };
  const at = (time) => rpc('evm_setNextBlockTimestamp', [time]);
  let time = START + 1000;
  const paired = async (borrower, nonce, offerChanges, intentChanges) => {
    const offer = {
      lender, borrower, asset, collateral, oracle: ZERO, principal: 1_200_000_000n, minFill: 0n, collateralAmount: 10n ** 18n,
      installmentAmount: 110_000_000n, ratePpm: 120_000n, installments: 12n, period: BigInt(30 * DAY), grace: BigInt(3 * DAY),
      lateFeeBps: 500n, originationFeeBps: 0n, liquidationLtvBps: 0n, liquidationBonusBps: 0n, attestationPolicy: 0n,
      feeRecipient: ZERO, expiry: 1_999_999_999n, epoch: 0n, nonce, ...offerChanges,
    };
    const offerHash = await rpc('eth_call', [{ to: proxy, data: core('hashOffer') + words(valuesOf(OFFER, offer)) }]);
    const intent = {
      offerHash, borrower, recipient: borrower, principal: offer.principal, minReceived: 1_100_000_000n, deadline: 1_999_999_999n,
      attestation: NONE, refinances: NONE, ...intentChanges,
    };
    const signatures = [await sign(offer.lender, domain, 'Offer', OFFER, offer), await sign(borrower, domain, 'Intent', INTENT, intent)];
    return { offer, intent, signatures };
  };
  /** Calls `originate`, or `refinance` with the words of the old loan before the rest. */
  const settle = async (function_, before, { offer, intent, signatures }) => {
    const head = (before.length / 64 + OFFER.length + 1 + INTENT.length + 1) * 32;
    const tail = bytesTail(signatures[0]);
    const data = core(function_) + before + words(valuesOf(OFFER, offer)) + word(head) + words(valuesOf(INTENT, intent))
      + word(head + tail.length / 2) + tail + bytesTail(signatures[1]);
    await at((time += 10));
    const receipt = await send(relayer, proxy, data);
    const topic = `0x${keccak256('Originated(bytes32,address,address,bytes32,uint256,uint256,(bytes32,uint256,uint256,address,address,address,uint256))')}`;
    const log = receipt.logs.find(({ topics }) => topics[0] === topic);
    return { gas: Number(receipt.gasUsed), loanId: log?.topics[1], terms: log?.data.slice(2 + 3 * 64), start: time };
  };
  const originate = async (borrower, nonce, offerChanges = {}, intentChanges = {}) =>
    settle('originate', '', await paired(borrower, nonce, offerChanges, intentChanges));
  const call = async (from, function_, { loanId, terms }, rest = '') =>
    Number((await send(from, proxy, core(function_) + loanId.slice(2) + terms + rest)).gasUsed);
  const repay = (payer, loan, amount) => call(payer, 'repay', loan, word(amount));
  const goto = (when) => at((time = when));

  const gas = {};
  const first = await originate(borrowers[0], 0n);
  gas.originateFirst = first.gas;
  const second = await originate(borrowers[1], 1n);
  gas.originateSteady = second.gas;
  gas.originateWithNewFeeRecipient = (await originate(borrowers[2], 2n, { originationFeeBps: 100n, feeRecipient: recipientOfFees })).gas;
  const third = await originate(borrowers[3], 3n, { originationFeeBps: 100n, feeRecipient: recipientOfFees });
  gas.originateWithFee = third.gas;
  await setPrice(oracle, (2_000_000_000n * SCALE) / 10n ** 18n);
  const priced = { oracle, liquidationLtvBps: 8_000n, liquidationBonusBps: 500n };
  const fourth = await originate(borrowers[0], 4n, priced);
  gas.originateWithOracle = fourth.gas;
  const fifth = await originate(borrowers[0], 5n, priced);
  const sixth = await originate(borrowers[0], 6n, { ...priced, principal: 1_200_000_001n });
  const reusable = { borrower: ZERO, principal: 12_000_000_000n, minFill: 1n, collateralAmount: 10n ** 19n, installmentAmount: 1_100_000_000n };
  gas.originateFillFirst = (await originate(borrowers[1], 7n, reusable, { principal: 1_200_000_000n })).gas;
  gas.originateFillSteady = (await originate(borrowers[2], 7n, reusable, { principal: 1_200_000_000n })).gas;

  await goto(first.start + 30 * DAY);
  gas.installment = await repay(borrowers[0], first, 110_000_000n);
  await goto(first.start + 60 * DAY);
  gas.installment = Math.max(gas.installment, await repay(borrowers[0], first, 110_000_000n));
  await goto(first.start + 61 * DAY);
  gas.partialFirst = await repay(borrowers[0], first, 50_000_000n);
  await goto(first.start + 62 * DAY);
  gas.partialCompletes = await repay(borrowers[0], first, 60_000_000n);
  await goto(first.start + 63 * DAY);
  gas.addCollateral = await call(borrowers[0], 'addCollateral', first, word(10n ** 17n));
  gas.withdrawCollateral = await call(borrowers[0], 'withdrawCollateral', first, words([10n ** 17n, borrowers[0]]));
  await goto(second.start + 70 * DAY);
  gas.installmentWithLateFees = await repay(borrowers[1], second, 121_000_000n);
  await goto(first.start + 75 * DAY);
  gas.repayFullWithRelease = await repay(borrowers[0], first, MAX);
  const replacing = await paired(borrowers[1], 8n, { lender: otherLender }, { refinances: second.loanId, minReceived: 0n });
  gas.refinance = (await settle('refinance', second.loanId.slice(2) + second.terms, replacing)).gas;
  await goto(third.start + 80 * DAY);
  gas.markDefault = await call(relayer, 'markDefault', third);

  await setPrice(oracle, (1_500_000_000n * SCALE) / 10n ** 18n);
  const liquidate = (loan, most) => call(liquidator, 'liquidate', loan, word(most) + word(0) + word(11 * 32) + word(0));
  gas.liquidateFirst = await liquidate(fourth, MAX);
  gas.liquidatePartial = await liquidate(fifth, 600_000_000n);
  gas.liquidate = await liquidate(sixth, MAX);
  await send(admin, proxy, core('setAssetCap') + words([asset, 1_200_000_000n]));
  gas.breakerTrip = (await originate(borrowers[3], 9n, {}, {})).gas;
  gas.cancelOffer = Number((await send(lender, proxy, core('cancelOffer') + word(300n))).gasUsed);
  gas.bumpEpoch = Number((await send(lender, proxy, core('bumpEpoch'))).gasUsed);
  gas.deployTotal = Object.values(deployments).reduce((sum, value) => sum + value, 0);
  const sizes = Object.fromEntries(
    ['CreditAggregator', 'CreditServicing', 'CollateralManager'].map((name) => [name, (artifact(name).deployedBytecode.object.length - 2) / 2]),
  );
  return { gas, targets: TARGETS, deployments, runtimeBytes: sizes };
}

function finish(report) {
  const failures = [];
  const missed = Object.entries(TARGETS).filter(([name, limit]) => report.gas[name] > limit);
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
  for (const [name, limit] of missed) console.error(`${name}: ${report.gas[name]} misses the target ${limit}; docs/gas.md says why`);
  if (failures.length > 0) {
    console.error(failures.join('\n'));
    process.exitCode = 1;
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
