// Our own contracts: deployed in the documented order, signed for as in earnest, played to the same timetable as the pools.
import { MAX, callData, hashText, word, wordsOf } from './abi.mjs';
import { DAY, START } from './chain.mjs';
import { LOAN, PRICE, TIME, approve, doubleBytecode, figure, ownBytecode, ownContract } from './stage.mjs';

export const NONE = '0x0000000000000000000000000000000000000000';
const CAP = 10n ** 15n;
export const TERMS = '(bytes32,uint256,uint256,address,address,address,uint256)';
/** The loan can be liquidated above 82.5 % debt over value, with 5 % for the liquidator: as of the pools. */
export const PRICE_RULE = { liquidationLtvBps: 8_250n, liquidationBonusBps: 500n };

const membersOf = (functionName, input) =>
  ownContract('CreditAggregator').abi.find(({ name }) => name === functionName).inputs[input].components.map(({ name, type }) => ({ name, type }));
const tuple = (members) => `(${members.map(({ type }) => type)})`;
const valuesOf = (members, object) => members.map(({ name }) => object[name]);
/** Value of a base unit of collateral in base units of asset, times 1e36. */
export const scaled = (dollars) => dollars * 10n ** 24n;

export class Usance {
  /** Numbers of offers, each used once; those below 192 share a slot. */
  #nonce = 0n;
  offerMembers = membersOf('hashOffer', 0);
  intentMembers = membersOf('hashIntent', 0);

  constructor(chain, stage) {
    this.chain = chain;
    this.stage = stage;
    this.offerTypes = tuple(this.offerMembers);
    this.originateSignature = `originate(${this.offerTypes},bytes,${tuple(this.intentMembers)},bytes)`;
  }

  /** The words of an offer, in order. */
  offerValues(offer) {
    return valuesOf(this.offerMembers, offer);
  }

  static async deploy(chain, stage) {
    const usance = new Usance(chain, stage);
    const { admin, asset } = stage;
    const contract = (name, types, values) => chain.deploy(admin, ownBytecode(name), types, values);
    const proxied = (implementation, signature, values) =>
      contract('ERC1967Proxy', '(address,bytes)', [implementation, callData(signature, values)]);
    const proxy = await proxied(await contract('Bootstrap'), 'initialize(address)', [admin]);
    const manager = await contract('CollateralManager', '(address)', [proxy]);
    const scoring = await proxied(await contract('CreditScoringOracle', '(address)', [proxy]), 'initialize(address,address)', [admin, admin]);
    const servicing = await contract('CreditServicing', '(address,address)', [manager, scoring]);
    const implementation = await contract('CreditAggregator', '(address,address,address)', [manager, scoring, servicing]);
    await chain.configure(admin, proxy, 'upgradeToAndCall(address,bytes)', [
      implementation, callData('initialize(address,address)', [admin, admin]),
    ]);
    await chain.configure(admin, proxy, 'setAssetCap(address,uint104)', [asset, CAP]);
    const chainId = Number(await chain.rpc('eth_chainId'));
    Object.assign(usance, { proxy, manager, scoring, implementation, servicing });
    usance.domain = { name: 'Usance CreditAggregator', version: '1', chainId, verifyingContract: proxy };
    usance.deployment = { gas: chain.deployGas, contracts: chain.deployed, runtimeBytes: await chain.codeBytes(implementation) };
    return usance;
  }

  offer(changes = {}) {
    const { lender, asset, collateral } = this.stage;
    return {
      lender, borrower: NONE, asset, collateral, oracle: NONE, principal: LOAN.principal, minFill: 0n, collateralAmount: LOAN.collateral,
      installmentAmount: LOAN.installment, ratePpm: 120_000n, installments: 12n, period: BigInt(30 * DAY), grace: BigInt(3 * DAY), lateFeeBps: 500n,
      originationFeeBps: 0n, liquidationLtvBps: 0n, liquidationBonusBps: 0n, attestationPolicy: 0n, feeRecipient: NONE,
      expiry: BigInt(START + 365 * DAY), epoch: 0n, nonce: this.#nonce++, ...changes,
    };
  }

  async hashOf(offer) {
    const [hash] = await this.chain.view(this.proxy, `hashOffer(${this.offerTypes})`, [this.offerValues(offer)]);
    return `0x${word(hash)}`;
  }

  signOffer(signer, offer) {
    return this.chain.sign(signer, this.domain, { Offer: this.offerMembers }, 'Offer', offer);
  }

  /** What `originate` takes, and its call data. `lenderSignature` makes the lender's, where it is not plainly its own. */
  async originateData({ borrower, changes = {}, intentChanges = {}, lenderKey, lenderSignature, bySelf = false }) {
    const offer = this.offer({ borrower, ...changes });
    const intent = {
      offerHash: await this.hashOf(offer), borrower, recipient: borrower, principal: offer.principal, minReceived: 1n,
      deadline: BigInt(START + 365 * DAY), attestation: `0x${word(0)}`, refinances: `0x${word(0)}`, ...intentChanges,
    };
    const ofLender = lenderSignature
      ? await lenderSignature(offer, intent.offerHash)
      : await this.signOffer(lenderKey ?? offer.lender, offer);
    const ofBorrower = bySelf ? '0x' : await this.chain.sign(borrower, this.domain, { Intent: this.intentMembers }, 'Intent', intent);
    const values = [this.offerValues(offer), ofLender, valuesOf(this.intentMembers, intent), ofBorrower];
    return { values, data: callData(this.originateSignature, values) };
  }

  /** Originates by a submitter, who pays the gas; the loan with its terms as the event publishes them. */
  async originate(request) {
    const { data } = await this.originateData(request);
    return this.loanFrom(await this.chain.sendRaw(request.bySelf ? request.borrower : this.stage.admin, this.proxy, data));
  }

  /** The loan that a transaction began. */
  loanFrom({ logs, gasUsed }) {
    const topic = hashText(`Originated(bytes32,address,address,bytes32,uint256,uint256,${TERMS})`);
    const log = logs.find(({ topics }) => topics[0] === topic);
    if (!log) throw new Error('no loan began');
    const terms = wordsOf(log.data).slice(3).map((value) => `0x${word(value)}`);
    return { gas: Number(gasUsed), loanId: log.topics[1], terms };
  }

  /** Call data about one loan: id and terms first, then what the function takes beside them. */
  onLoanData({ loanId, terms }, name, types = [], values = []) {
    return callData(`${name}(${['bytes32', TERMS, ...types]})`, [loanId, terms, ...values]);
  }

  /** Sends such a call; its gas. */
  async onLoan(who, loan, name, types = [], values = []) {
    return Number((await this.chain.sendRaw(who, this.proxy, this.onLoanData(loan, name, types, values))).gasUsed);
  }

  repay(who, loan, amount) {
    return this.onLoan(who, loan, 'repay', ['uint256'], [amount]);
  }

  liquidate(who, loan, amount) {
    return this.onLoan(who, loan, 'liquidate', ['uint256', 'uint256', 'bytes'], [amount, 0n, '0x']);
  }

  /** A price that one storage slot holds. */
  async deployPrice() {
    const { admin } = this.stage;
    const oracle = await this.chain.deploy(admin, await doubleBytecode('Price'));
    const set = (dollars) => this.chain.send(admin, oracle, 'set(uint256)', [scaled(dollars)]);
    await set(PRICE.sound);
    return { oracle, set };
  }
}

/** Plays the timetable; with `priced` each loan has a price rule, which is what a pool always has. */
export async function measure(chain, stage, priced) {
  const usance = await Usance.deploy(chain, stage);
  const { first, second, third, fourth, liquidator } = stage;
  await approve(chain, stage, usance.proxy);
  const { oracle, set } = priced ? await usance.deployPrice() : {};
  const rule = priced ? { oracle, ...PRICE_RULE } : {};
  const figures = { lendFirst: figure({}), lendNext: figure({}) };
  const originate = (borrower, changes = {}) => usance.originate({ borrower, changes: { ...rule, ...changes } });

  await chain.at(TIME.originate);
  const loan = await originate(first);
  figures.originateFirst = figure({ originate: loan.gas });
  figures.originateSteady = figure({ originate: (await originate(second)).gas });
  figures.originateAgain = figure({ originate: (await originate(second)).gas });
  figures.originateBatched = figures.originateSteady;
  // Nothing is due before the price falls, so it is the price that allows the liquidation.
  const long = { period: BigInt(90 * DAY), installments: 4n };
  const [half, whole] = [await originate(third, long), await originate(fourth, long)];

  const payments = [];
  for (const time of TIME.installments) {
    await chain.at(time);
    payments.push(await usance.repay(first, loan, LOAN.installment));
  }
  figures.installment = figure({ repay: Math.max(...payments) });
  await chain.at(TIME.payOff);
  figures.payOff = figure({ repay: await usance.repay(first, loan, MAX) });
  figures.payOffBatched = figures.payOff;

  if (priced) {
    await chain.at(TIME.fall);
    await set(PRICE.fallen);
    figures.liquidateHalf = figure({ liquidate: await usance.liquidate(liquidator, half, LOAN.half) });
    figures.liquidateWhole = figure({ liquidate: await usance.liquidate(liquidator, whole, MAX) });
  }
  return { title: priced ? 'Usance, price rule' : 'Usance', figures, deployment: usance.deployment };
}

export const measurePlain = (chain, stage) => measure(chain, stage, false);
export const measurePriced = (chain, stage) => measure(chain, stage, true);
