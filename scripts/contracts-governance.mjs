// Safe 2-of-3 -> timelock of 172,800 s -> upgrade, on a chain of its own: what must happen happens, what must not is refused with the
// reason that the contract gives, and a loan that lives through it is repaid. The deployment is the documented one, from
// contracts/abi; Safe and timelock are the bytecode of their npm packages, then once more the timelock that we publish.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { addressOf, callData, encode, hash, hashText, selector, word, wordsOf, MAX } from '../bench/gas/abi.mjs';
import { Chain, DAY, START } from '../bench/gas/chain.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const json = (...parts) => JSON.parse(fs.readFileSync(path.join(root, ...parts), 'utf8'));
const own = (name) => json('contracts', 'abi', `${name}.json`);
const safe = (folder, name) => json('target/governance/node_modules/@safe-global/safe-contracts/build/artifacts/contracts', folder, `${name}.sol`, `${name}.json`);
const stockTimelock = json('node_modules/@openzeppelin/contracts/build/contracts/TimelockController.json');

const DELAY = 172_800n;
const FACTORY = '0x4e59b44847b379578588920ca78fbf26c0b4956c';
const NOBODY = `0x${'00'.repeat(20)}`;
const ZERO = `0x${word(0)}`;
const IMPLEMENTATION_SLOT = `0x${word(BigInt(hashText('eip1967.proxy.implementation')) - 1n)}`;
const TERMS = '(bytes32,uint256,uint256,address,address,address,uint256)';
const CAP = 10n ** 13n;
const SAFE_TX = [
  ['address', 'to'], ['uint256', 'value'], ['bytes', 'data'], ['uint8', 'operation'], ['uint256', 'safeTxGas'], ['uint256', 'baseGas'],
  ['uint256', 'gasPrice'], ['address', 'gasToken'], ['address', 'refundReceiver'], ['uint256', 'nonce'],
].map(([type, name]) => ({ name, type }));
const membersOf = (function_) =>
  own('CreditAggregator').abi.find(({ name }) => name === function_).inputs[0].components.map(({ name, type }) => ({ name, type }));
const OFFER = membersOf('hashOffer');
const INTENT = membersOf('hashIntent');
const tuple = (members) => `(${members.map(({ type }) => type)})`;
const values = (members, object) => members.map(({ name }) => object[name]);


const passed = [];
function check(what, holds) {
  if (!holds) throw new Error(`not so: ${what}`);
  passed.push(what);
}

class Play {
  constructor(chain, accounts) {
    this.chain = chain;
    [this.deployer, this.lender, this.borrower, this.stranger, ...this.owners] = accounts;
  }

  // --- the chain

  /** Sends and must be refused; the answer must begin with `reason`: an error by signature, or a text. */
  async refused(what, from, to, data, reason) {
    const receipt = await this.chain.rpc('eth_sendTransactionSync', [{ from, to, data, gas: '0x1c9c380' }]);
    const answer = await this.chain.rpc('eth_call', [{ from, to, data }]).then(
      () => 'success',
      (error) => error.message,
    );
    const expected = reason.includes('(') ? selector(reason).slice(2) : reason;
    check(`${what}: ${reason}`, receipt.status === '0x0' && answer.includes(expected));
  }

  async create2(bytecode, types = '()', arguments_ = [], salt = 0) {
    const init = bytecode + encode(types, arguments_);
    await this.chain.sendRaw(this.deployer, FACTORY, `0x${word(salt)}${init.slice(2)}`);
    const address = `0x${hash(`ff${FACTORY.slice(2)}${word(salt)}${hash(init).slice(2)}`).slice(26)}`;
    if ((await this.chain.codeBytes(address)) === 0) throw new Error(`nothing at ${address}`);
    return address;
  }

  view(to, signature, arguments_ = []) {
    return this.chain.view(to, signature, arguments_);
  }

  async wait(seconds) {
    await this.chain.rpc('evm_setNextBlockTimestamp', [Number((await this.now()) + seconds)]);
    await this.chain.rpc('evm_mine', []);
  }

  async now() {
    return BigInt((await this.chain.rpc('eth_getBlockByNumber', ['latest', false])).timestamp);
  }

  async implementation() {
    return addressOf(await this.chain.rpc('eth_getStorageAt', [this.proxy, IMPLEMENTATION_SLOT, 'latest']));
  }

  // --- the Safes

  async deploySafes() {
    const singleton = await this.chain.deploy(this.deployer, safe('', 'Safe').bytecode);
    const factory = await this.chain.deploy(this.deployer, safe('proxies', 'SafeProxyFactory').bytecode);
    const handler = await this.chain.deploy(this.deployer, safe('handler', 'CompatibilityFallbackHandler').bytecode);
    const make = async (owners, salt) => {
      const setup = callData('setup(address[],uint256,address,bytes,address,address,uint256,address)', [owners, 2n, NOBODY, '0x', handler, NOBODY, 0n, NOBODY]);
      const { logs } = await this.chain.sendRaw(this.deployer, factory, callData('createProxyWithNonce(address,bytes,uint256)', [singleton, setup, salt]));
      return addressOf(logs.find(({ topics }) => topics[0] === hashText('ProxyCreation(address,address)')).topics[1]);
    };
    this.admins = this.owners.slice(0, 3);
    this.guards = this.owners.slice(3, 6);
    this.safe = await make(this.admins, 1n);
    this.guardian = await make(this.guards, 2n);
    for (const each of [this.safe, this.guardian]) {
      check('a Safe of three owners and a threshold of two', (await this.view(each, 'getThreshold()'))[0] === 2n && (await this.view(each, 'getOwners()'))[1] === 3n);
    }
  }

  /** Call data of a Safe's transaction, signed by these accounts. */
  async bySafe(of, signers, to, data) {
    const [nonce] = await this.view(of, 'nonce()');
    const message = { to, value: 0n, data, operation: 0n, safeTxGas: 0n, baseGas: 0n, gasPrice: 0n, gasToken: NOBODY, refundReceiver: NOBODY, nonce };
    const domain = { chainId: this.chainId, verifyingContract: of };
    const ordered = [...signers].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
    const signatures = [];
    for (const signer of ordered) signatures.push(await this.chain.sign(signer, domain, { SafeTx: SAFE_TX }, 'SafeTx', message));
    return callData('execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)', [
      to, 0n, data, 0n, 0n, 0n, 0n, NOBODY, NOBODY, `0x${signatures.map((each) => each.slice(2)).join('')}`,
    ]);
  }

  /** Two owners sign, a stranger pays the gas. */
  async act(of, owners, to, data) {
    const { logs } = await this.chain.sendRaw(this.stranger, of, await this.bySafe(of, owners.slice(0, 2), to, data));
    if (!logs.some(({ topics }) => topics[0] === hashText('ExecutionSuccess(bytes32,uint256)'))) throw new Error('the Safe did not execute');
  }

  // --- the timelock

  operation(to, data, salt) {
    const arguments_ = [to, 0n, data, ZERO, `0x${word(salt)}`];
    return {
      id: hash(encode('(address,uint256,bytes,bytes32,bytes32)', arguments_)),
      schedule: (delay = DELAY) => callData('schedule(address,uint256,bytes,bytes32,bytes32,uint256)', [...arguments_, delay]),
      execute: callData('execute(address,uint256,bytes,bytes32,bytes32)', arguments_),
    };
  }

  /** Announces by the Safe, waits, and lets a stranger execute. */
  async pass(to, data, salt) {
    const operation = this.operation(to, data, salt);
    await this.act(this.safe, this.admins, this.timelock, operation.schedule());
    await this.wait(DELAY);
    await this.chain.sendRaw(this.stranger, this.timelock, operation.execute);
  }

  // --- the system

  async deploy(timelock) {
    this.chainId = Number(await this.chain.rpc('eth_chainId'));
    await this.deploySafes();
    this.timelock = await this.create2(timelock.bytecode, '(uint256,address[],address[],address)', [DELAY, [this.safe], [NOBODY], NOBODY]);
    const bootstrap = await this.create2(own('Bootstrap').bytecode);
    this.proxy = await this.create2(own('ERC1967Proxy').bytecode, '(address,bytes)', [bootstrap, callData('initialize(address)', [this.deployer])]);
    this.manager = await this.create2(own('CollateralManager').bytecode, '(address)', [this.proxy]);
    const powers = callData('initialize(address,address)', [this.timelock, this.guardian]);
    const scoring = await this.create2(own('CreditScoringOracle').bytecode, '(address)', [this.proxy]);
    this.scoring = await this.create2(own('ERC1967Proxy').bytecode, '(address,bytes)', [scoring, powers]);
    this.first = await this.aggregator(0);
    await this.chain.sendRaw(this.deployer, this.proxy, callData('upgradeToAndCall(address,bytes)', [this.first.implementation, powers]));
    this.asset = await this.token('Asset', 6n);
    this.collateral = await this.token('Collateral', 18n);
  }

  /** An implementation; another salt gives the same code at another address, which its `servicing()` shows. */
  async aggregator(salt) {
    const servicing = await this.create2(own('CreditServicing').bytecode, '(address,address)', [this.manager, this.scoring], salt);
    const implementation = await this.create2(own('CreditAggregator').bytecode, '(address,address,address)', [this.manager, this.scoring, servicing], salt);
    return { servicing, implementation };
  }

  async token(name, decimals) {
    const token = await this.chain.deploy(this.deployer, own('DevToken').bytecode, '(string,string,uint8)', [name, name, decimals]);
    for (const who of [this.lender, this.borrower]) {
      await this.chain.send(who, token, 'mint(address,uint256)', [who, 10n ** 24n]);
      await this.chain.send(who, token, 'approve(address,uint256)', [this.proxy, MAX]);
    }
    return token;
  }

  async originateData(nonce) {
    const now = await this.now();
    const offer = {
      lender: this.lender, borrower: this.borrower, asset: this.asset, collateral: this.collateral, oracle: NOBODY, principal: 1_200_000_000n, minFill: 0n,
      collateralAmount: 10n ** 18n, installmentAmount: 110_000_000n, ratePpm: 120_000n, installments: 12n, period: BigInt(30 * DAY), grace: BigInt(3 * DAY),
      lateFeeBps: 500n, originationFeeBps: 0n, liquidationLtvBps: 0n, liquidationBonusBps: 0n, attestationPolicy: 0n, feeRecipient: NOBODY,
      expiry: now + BigInt(DAY), epoch: 0n, nonce,
    };
    const domain = { name: 'Usance CreditAggregator', version: '1', chainId: this.chainId, verifyingContract: this.proxy };
    const [digest] = await this.view(this.proxy, `hashOffer(${tuple(OFFER)})`, [values(OFFER, offer)]);
    const intent = {
      offerHash: `0x${word(digest)}`, borrower: this.borrower, recipient: this.borrower, principal: offer.principal, minReceived: offer.principal,
      deadline: offer.expiry, attestation: ZERO, refinances: ZERO,
    };
    const signatures = [
      await this.chain.sign(this.lender, domain, { Offer: OFFER }, 'Offer', offer),
      await this.chain.sign(this.borrower, domain, { Intent: INTENT }, 'Intent', intent),
    ];
    return callData(`originate(${tuple(OFFER)},bytes,${tuple(INTENT)},bytes)`, [values(OFFER, offer), signatures[0], values(INTENT, intent), signatures[1]]);
  }

  async originate(nonce) {
    const { logs } = await this.chain.sendRaw(this.stranger, this.proxy, await this.originateData(nonce));
    const log = logs.find(({ topics }) => topics[0] === hashText(`Originated(bytes32,address,address,bytes32,uint256,uint256,${TERMS})`));
    return { id: log.topics[1], terms: wordsOf(log.data).slice(3).map((each) => `0x${word(each)}`) };
  }

  async loanState(loan) {
    const at = BigInt(START) + 3650n * BigInt(DAY);
    const parts = [
      await this.view(this.proxy, 'loan(bytes32)', [loan.id]),
      await this.view(this.proxy, `collateralOf(bytes32,${TERMS})`, [loan.id, loan.terms]),
      await this.view(this.proxy, `payoffAmount(bytes32,${TERMS},uint256)`, [loan.id, loan.terms, at]),
      await this.view(this.proxy, `installmentDue(bytes32,${TERMS},uint256)`, [loan.id, loan.terms, at]),
      await this.balance(this.collateral, this.manager),
    ];
    return JSON.stringify(parts, (_, value) => (typeof value === 'bigint' ? String(value) : value));
  }

  async balance(token, who) {
    return (await this.view(token, 'balanceOf(address)', [who]))[0];
  }
}

async function play(name, timelock) {
  const chain = await Chain.start();
  try {
    const p = new Play(chain, await chain.accounts());
    await p.deploy(timelock);
    const cap = (amount) => callData('setAssetCap(address,uint104)', [p.asset, amount]);
    check('the timelock owns the proxy', addressOf(word((await p.view(p.proxy, 'owner()'))[0])) === p.timelock.toLowerCase());
    check(`the timelock waits ${DELAY} s`, (await p.view(p.timelock, 'getMinDelay()'))[0] === DELAY);

    // Nothing can be lent before the Safe and two days say so.
    await p.refused('an asset that is not listed', p.stranger, p.proxy, await p.originateData(0n), 'AboveHourlyCap(address,uint256,uint256)');
    await p.pass(p.proxy, cap(CAP), 1);
    check('the Safe listed the asset through the timelock', (await p.view(p.proxy, 'policyOf(address)', [p.asset]))[0] === CAP);
    const loan = await p.originate(0n);
    const before = await p.loanState(loan);

    // Who may not upgrade.
    const second = await p.aggregator(1);
    const upgrade = callData('upgradeToAndCall(address,bytes)', [second.implementation, '0x']);
    const operation = p.operation(p.proxy, upgrade, 2);
    await p.refused('the deployer upgrades', p.deployer, p.proxy, upgrade, 'NotOwner(address)');
    await p.refused('the Safe upgrades at once', p.stranger, p.safe, await p.bySafe(p.safe, p.admins.slice(0, 2), p.proxy, upgrade), 'GS013');
    await p.refused('the guardian Safe upgrades', p.stranger, p.guardian, await p.bySafe(p.guardian, p.guards.slice(0, 2), p.proxy, upgrade), 'GS013');
    for (const [who, account] of [['the deployer', p.deployer], ['an owner of the Safe', p.admins[0]]]) {
      await p.refused(`${who} announces`, account, p.timelock, operation.schedule(), 'AccessControlUnauthorizedAccount(address,bytes32)');
    }
    await p.refused('the guardian Safe announces', p.stranger, p.guardian, await p.bySafe(p.guardian, p.guards.slice(0, 2), p.timelock, operation.schedule()), 'GS013');
    await p.refused('one signature', p.stranger, p.safe, await p.bySafe(p.safe, p.admins.slice(0, 1), p.timelock, operation.schedule()), 'GS020');
    await p.refused('the same signature twice', p.stranger, p.safe, await p.bySafe(p.safe, [p.admins[0], p.admins[0]], p.timelock, operation.schedule()), 'GS026');
    await p.refused('a signature of a stranger', p.stranger, p.safe, await p.bySafe(p.safe, [p.admins[0], p.stranger], p.timelock, operation.schedule()), 'GS026');
    await p.refused('a shorter delay', p.stranger, p.safe, await p.bySafe(p.safe, p.admins.slice(0, 2), p.timelock, operation.schedule(DELAY - 1n)), 'GS013');
    check('nothing was announced', (await p.view(p.timelock, 'getOperationState(bytes32)', [operation.id]))[0] === 0n);

    // The way.
    const early = 'TimelockUnexpectedOperationState(bytes32,bytes32)';
    await p.refused('execution of what was not announced', p.stranger, p.timelock, operation.execute, early);
    await p.act(p.safe, p.admins, p.timelock, operation.schedule());
    await p.refused('early execution', p.stranger, p.timelock, operation.execute, early);
    const readyAt = (await p.view(p.timelock, 'getTimestamp(bytes32)', [operation.id]))[0];
    await chain.rpc('evm_setNextBlockTimestamp', [Number(readyAt) - 1]);
    await p.refused('execution one second early', p.stranger, p.timelock, operation.execute, early);
    check('the first implementation is still there', (await p.implementation()) === p.first.implementation);
    await chain.rpc('evm_setNextBlockTimestamp', [Number(readyAt)]);
    await chain.sendRaw(p.stranger, p.timelock, operation.execute);
    check('the upgrade took effect at the first second', (await p.implementation()) === second.implementation);
    check('the new part behind the proxy answers', addressOf(word((await p.view(p.proxy, 'servicing()'))[0])) === second.servicing);
    await p.refused('a second execution', p.stranger, p.timelock, operation.execute, early);

    // A live loan is unharmed.
    check('loan, collateral and debt are what they were', (await p.loanState(loan)) === before);
    const [collateralBefore, lentBefore] = [await p.balance(p.collateral, p.borrower), await p.balance(p.asset, p.lender)];
    await chain.send(p.borrower, p.proxy, `repay(bytes32,${TERMS},uint256)`, [loan.id, loan.terms, MAX]);
    check('the loan from before the upgrade is repaid', (await p.view(p.proxy, 'loan(bytes32)', [loan.id]))[4] === 2n);
    check('its collateral is back', (await p.balance(p.collateral, p.borrower)) - collateralBefore === 10n ** 18n);
    check('its lender has more than it lent', (await p.balance(p.asset, p.lender)) - lentBefore > 1_200_000_000n);

    await guardianPowers(p, cap, upgrade);
    await cancellation(p);
    console.log(`governance, ${name}: upgrade after ${DELAY} s by two of three`);
  } finally {
    chain.stop();
  }
}

/** The guardian reduces risk at once and cannot undo it. */
async function guardianPowers(p, cap, upgrade) {
  const byGuardian = (data) => p.bySafe(p.guardian, p.guards.slice(0, 2), p.proxy, data);
  const list = (name) => callData(`${name}(address[])`, [[p.asset]]);
  const policy = () => p.view(p.proxy, 'policyOf(address)', [p.asset]);
  await p.refused('one guard pauses', p.stranger, p.guardian, await p.bySafe(p.guardian, p.guards.slice(0, 1), p.proxy, list('pauseOrigination')), 'GS020');
  await p.act(p.guardian, p.guards, p.proxy, list('pauseOrigination'));
  check('the guardian paused', (await policy())[3] === 1n);
  await p.refused('origination while paused', p.stranger, p.proxy, await p.originateData(1n), 'OriginationPaused(address)');
  await p.act(p.guardian, p.guards, p.proxy, cap(CAP - 1n));
  check('the guardian lowered the cap', (await policy())[0] === CAP - 1n);
  // The Safe hides the reason of an inner revert behind GS013; the reason is that of the call itself.
  const inner = [
    ['the guardian raises the cap', cap(CAP), 'NotGuardian(address)'],
    ['the guardian resumes', list('resumeOrigination'), 'NotOwner(address)'],
    ['the guardian appoints a guardian', callData('setGuardian(address)', [p.stranger]), 'NotOwner(address)'],
    ['the guardian takes ownership', callData('transferOwnership(address)', [p.guardian]), 'NotOwner(address)'],
    ['the guardian upgrades', upgrade, 'NotOwner(address)'],
  ];
  await p.chain.rpc('anvil_impersonateAccount', [p.guardian]);
  await p.chain.rpc('anvil_setBalance', [p.guardian, '0xde0b6b3a7640000']);
  for (const [what, data, reason] of inner) {
    await p.refused(`${what}, by its Safe`, p.stranger, p.guardian, await byGuardian(data), 'GS013');
    await p.refused(what, p.guardian, p.proxy, data, reason);
  }
  await p.pass(p.proxy, list('resumeOrigination'), 3);
  check('the Safe resumed through the timelock', (await policy())[3] === 0n);
  await p.originate(2n);
}

/** What was announced can be taken back, by the Safe alone. */
async function cancellation(p) {
  const operation = p.operation(p.proxy, callData('setAssetCap(address,uint104)', [p.asset, CAP * 2n]), 4);
  const cancel = callData('cancel(bytes32)', [operation.id]);
  await p.act(p.safe, p.admins, p.timelock, operation.schedule());
  await p.refused('a stranger cancels', p.stranger, p.timelock, cancel, 'AccessControlUnauthorizedAccount(address,bytes32)');
  await p.act(p.safe, p.admins, p.timelock, cancel);
  await p.wait(DELAY);
  await p.refused('execution of what was cancelled', p.stranger, p.timelock, operation.execute, 'TimelockUnexpectedOperationState(bytes32,bytes32)');
}

await play('bytecode of @openzeppelin/contracts', stockTimelock);
await play('bytecode that we publish', own('TimelockController'));
if (process.argv.includes('--verbose')) for (const what of passed) console.log(`  ${what}`);
console.log(`governance: ${passed.length} checks passed`);
