// What each feature of our contracts costs: the same steady origination, or the same installment, with one thing changed.
import { MAX, callData, hash, word } from './abi.mjs';
import { DAY, START } from './chain.mjs';
import { PERMIT2, deployPermit2 } from './permit2.mjs';
import { poolParts } from './pool.mjs';
import { LOAN, PRICE, TIME, approve, doubleBytecode, ownBytecode, ownContract } from './stage.mjs';
import { NONE, PRICE_RULE, TERMS, Usance } from './usance.mjs';

const [FEED_DECIMALS, FEED_UNIT] = [8n, 10n ** 8n];
const FEED_AGE = BigInt(200 * DAY);
const TREE_LEVELS = 3;
const PERMIT_SINGLE = '((address,uint160,uint48,uint48),address,uint256)';
const PERMIT2_TYPES = {
  PermitSingle: [
    { name: 'details', type: 'PermitDetails' }, { name: 'spender', type: 'address' }, { name: 'sigDeadline', type: 'uint256' },
  ],
  PermitDetails: [
    { name: 'token', type: 'address' }, { name: 'amount', type: 'uint160' },
    { name: 'expiration', type: 'uint48' }, { name: 'nonce', type: 'uint48' },
  ],
};
const PERMIT_TYPES = {
  Permit: ['owner', 'spender', 'value', 'nonce', 'deadline'].map((name, at) => ({ name, type: at < 2 ? 'address' : 'uint256' })),
};
const FAR = BigInt(START + 365 * DAY);

class Parts {
  list = [];
  #others;

  constructor(usance, others) {
    this.usance = usance;
    this.#others = others;
    Object.assign(this, { chain: usance.chain, stage: usance.stage, proxy: usance.proxy });
  }

  /** Notes a figure; without `base` it stands by itself. */
  add(what, gas, base) {
    const part = { what, gas, base };
    this.list.push(part);
    return part;
  }

  /** Somebody with both tokens who was not here before; `allowed` lets the aggregator take them. */
  async someone(allowed = true) {
    const who = this.#others.shift();
    const { chain, stage, proxy } = this;
    for (const [token, amount] of [[stage.asset, LOAN.pool], [stage.collateral, 10n * LOAN.collateral]]) {
      await chain.send(stage.admin, token, 'mint(address,uint256)', [who, amount]);
      if (allowed) await chain.send(who, token, 'approve(address,uint256)', [proxy, MAX]);
    }
    return who;
  }

  async originate(request = {}) {
    return this.usance.originate({ borrower: await this.someone(), ...request });
  }

  /** Several calls of the aggregator as one transaction of the submitter. */
  async multicall(calls) {
    return this.chain.sendRaw(this.stage.admin, this.proxy, callData('multicall(bytes[])', [calls]));
  }

  /** Runs at a time after the start. */
  at(seconds) {
    return this.chain.at(seconds);
  }
}

export async function measureParts(chain, stage) {
  const usance = await Usance.deploy(chain, stage);
  await approve(chain, stage, usance.proxy);
  const named = new Set(Object.values(stage));
  const parts = new Parts(usance, (await chain.accounts()).filter((account) => !named.has(account)));
  await deployPermit2(chain, stage.admin);
  await chain.at(TIME.originate);
  await parts.originate();
  const first = await parts.originate();
  const base = parts.add('origination, next borrower', first.gas);
  await originationParts(parts, base);
  await allowanceParts(parts, base);
  await lenderParts(parts, base);
  await poolParts(parts, parts.cheapest);
  await attestationParts(parts, base);
  await servicingParts(parts, base);
  await endParts(parts);
  return parts.list;
}

/** Terms of the offer and of its settlement. */
async function originationParts(parts, base) {
  const { usance, chain, stage } = parts;
  parts.add('sent by the borrower, so one signature less', (await parts.originate({ bySelf: true })).gas, base);
  const fee = { originationFeeBps: 100n, feeRecipient: stage.nextLender };
  parts.add('origination fee to a third party', (await parts.originate({ changes: fee })).gas, base);
  parts.add('nonce that opens a new word, once in 256', (await parts.originate({ changes: { nonce: 1_024n } })).gas, base);
  parts.add('next nonce of that word', (await parts.originate({ changes: { nonce: 1_025n } })).gas, base);

  const reusable = usance.offer({
    principal: 10n * LOAN.principal, minFill: LOAN.principal, collateralAmount: 10n * LOAN.collateral, installmentAmount: 10n * LOAN.installment,
  });
  // Every fill is of the one offer, so its borrower is anyone.
  const fill = { changes: reusable, intentChanges: { principal: LOAN.principal } };
  parts.add('first fill of a reusable offer', (await parts.originate(fill)).gas, base);
  parts.add('next fill of a reusable offer', (await parts.originate(fill)).gas, base);

  const price = await usance.deployPrice();
  const mock = await parts.originate({ changes: { oracle: price.oracle, ...PRICE_RULE } });
  parts.cheapest = { oracle: price.oracle, base: parts.add('price rule, price from one storage slot', mock.gas, base) };
  const oracle = await deployPriceOracle(chain, stage);
  parts.oracle = oracle;
  const priced = await parts.originate({ changes: { oracle: oracle.proxy, ...PRICE_RULE } });
  parts.add('price rule, PriceOracle with a feed for each token', priced.gas, base);
}

/** Ways to let the collateral be taken. */
async function allowanceParts(parts, base) {
  const { usance, chain, stage, proxy } = parts;
  const { data } = await usance.originateData({ borrower: await parts.someone() });
  const alone = usance.loanFrom(await parts.multicall([data]));
  parts.add('inside multicall', alone.gas, base);

  const owner = await parts.someone(false);
  const approval = parts.add('an approval, in a transaction of its own',
    await chain.send(await parts.someone(false), stage.collateral, 'approve(address,uint256)', [proxy, MAX]));
  const withApproval = { what: 'approval and origination', gas: approval.gas + base.gas };
  const { data: byPermit } = await usance.originateData({ borrower: owner });
  const domain = { name: 'Collateral', version: '1', chainId: usance.domain.chainId, verifyingContract: stage.collateral };
  const message = { owner, spender: proxy, value: MAX, nonce: 0n, deadline: FAR };
  const signature = (await chain.sign(owner, domain, PERMIT_TYPES, 'Permit', message)).slice(2);
  const permit = callData('permit(address,address,uint256,uint256,uint8,bytes32,bytes32)', [
    stage.collateral, owner, MAX, FAR, `0x${signature.slice(128)}`, signature.slice(0, 64), signature.slice(64, 128),
  ]);
  parts.add('first allowance by ERC-2612 permit, one transaction', usance.loanFrom(await parts.multicall([permit, byPermit])).gas, withApproval);

  const holder = await parts.someone(false);
  await chain.send(holder, stage.collateral, 'approve(address,uint256)', [PERMIT2, MAX]);
  const details = { token: stage.collateral, amount: 2n ** 160n - 1n, expiration: FAR, nonce: 0n };
  const single = { details, spender: proxy, sigDeadline: FAR };
  const ofPermit2 = { name: 'Permit2', chainId: usance.domain.chainId, verifyingContract: PERMIT2 };
  const ofHolder = await chain.sign(holder, ofPermit2, PERMIT2_TYPES, 'PermitSingle', single);
  const permit2 = callData(`permit2(address,${PERMIT_SINGLE},bytes)`, [holder, [Object.values(details), proxy, FAR], ofHolder]);
  const { data: byPermit2 } = await usance.originateData({ borrower: holder });
  parts.add('first allowance by Permit2, one transaction', usance.loanFrom(await parts.multicall([permit2, byPermit2])).gas, withApproval);
  parts.add('standing allowance of Permit2', (await usance.originate({ borrower: holder })).gas, base);
}

/** Who signs for the lender. */
async function lenderParts(parts, base) {
  const { usance, chain, stage, proxy } = parts;
  const tree = await parts.originate({ lenderSignature: (offer, digest) => signTree(usance, digest) });
  parts.add(`one signature for up to ${2 ** TREE_LEVELS} offers on any chains`, tree.gas, base);
  for (const [listens, what] of [[false, 'lender is a contract, least ERC-1271'], [true, 'lender is a contract that is told of the loan']]) {
    const wallet = await chain.deploy(stage.admin, await doubleBytecode('Wallet'), '(address,bool)', [stage.lender, listens]);
    await chain.send(stage.admin, stage.asset, 'mint(address,uint256)', [wallet, LOAN.pool]);
    await chain.send(stage.admin, wallet, 'allow(address,address)', [stage.asset, proxy]);
    const request = { changes: { lender: wallet }, lenderKey: stage.lender };
    await parts.originate(request);
    const loan = await parts.originate(request);
    parts.add(what, loan.gas, base);
    if (listens) parts.told = loan;
  }
}

/** A signature of the root of a tree of which all other leaves are of other chains, and the proof of the digest. */
async function signTree(usance, digest) {
  const proof = Array.from({ length: TREE_LEVELS }, (_, level) => hash(word(level + 1)));
  const root = proof.reduce((node, other) => hash(BigInt(node) < BigInt(other) ? node + other.slice(2) : other + node.slice(2)), digest);
  const domain = { name: usance.domain.name, version: usance.domain.version };
  const signature = await usance.chain.sign(usance.stage.lender, domain, { OfferTree: [{ name: 'root', type: 'bytes32' }] }, 'OfferTree', { root });
  return signature + proof.map((node) => node.slice(2)).join('');
}

/** Loans without collateral, on what attesters signed. */
async function attestationParts(parts, base) {
  const { usance, chain, stage } = parts;
  const { scoring } = usance;
  const attesters = [stage.first, stage.second, stage.third].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
  for (const attester of attesters) await chain.send(stage.admin, scoring, 'setAttester(address,bool)', [attester, true]);
  await chain.send(stage.admin, scoring, 'setPolicy(uint32,(uint16,uint8,uint32,bool))', [1n, [1n, 3n, BigInt(365 * DAY), true]]);
  await chain.send(stage.admin, scoring, 'setAssetClass(address,uint16,uint8)', [stage.asset, 1n, 6n]);
  const members = ownContract('CreditScoringOracle').abi.find(({ name }) => name === 'hashAttestation').inputs[0].components
    .map(({ name, type }) => ({ name, type }));
  const domain = { name: 'Usance CreditScoringOracle', version: '1', chainId: usance.domain.chainId, verifyingContract: scoring };
  const types = `(${members.map(({ type }) => type)})`;
  for (const needed of [1, 2]) {
    await chain.send(stage.admin, scoring, 'setThreshold(uint256)', [BigInt(needed)]);
    const borrower = await parts.someone();
    const attestation = {
      borrower, limit: 10n ** 24n, assetClass: 1n, scoreBand: 1n, issuedAt: BigInt(START), expiresAt: FAR, epoch: 0n, id: hash(word(needed)),
    };
    const [digest] = await chain.view(scoring, `hashAttestation(${types})`, [Object.values(attestation)]);
    const sign = (who) => chain.sign(who, domain, { CreditAttestation: members }, 'CreditAttestation', attestation);
    const signatures = await Promise.all(attesters.slice(0, needed).map(sign));
    const present = callData(`presentAttestation(${types},bytes[])`, [Object.values(attestation), signatures]);
    const { data } = await usance.originateData({
      borrower,
      changes: { collateral: NONE, collateralAmount: 0n, attestationPolicy: 1n },
      intentChanges: { attestation: `0x${word(digest)}` },
    });
    const loan = usance.loanFrom(await parts.multicall([present, data]));
    parts.add(`no collateral but an attestation, ${needed} of ${attesters.length} attesters`, loan.gas, base);
    parts.unsecured = { ...loan, borrower };
  }
}

/** Payments of a running loan. */
async function servicingParts(parts, base) {
  const { usance, stage } = parts;
  const payer = stage.liquidator;
  const loans = [await parts.originate(), await parts.originate(), await parts.originate()];
  const [plain, split, late] = loans;
  await parts.at(25 * DAY);
  const installment = parts.add('installment', await usance.repay(payer, plain, LOAN.installment));
  parts.add('two installments at once', await usance.repay(payer, plain, 2n * LOAN.installment), installment);
  parts.add('a part of an installment', await usance.repay(payer, split, LOAN.half / 10n), installment);
  parts.add('the payment that completes it', await usance.repay(payer, split, LOAN.installment - LOAN.half / 10n), installment);
  parts.add('installment to a contract that is told of it', await usance.repay(payer, parts.told, LOAN.installment), installment);
  parts.add('installment to a CreditPool', await usance.repay(payer, parts.pooled, LOAN.installment), installment);
  await parts.at(35 * DAY);
  const lateFee = (LOAN.installment * 500n) / 10_000n;
  parts.add('late installment with its fee', await usance.repay(payer, late, LOAN.installment + lateFee), installment);
  const payOff = parts.add('full repayment with release', await usance.repay(payer, plain, MAX));
  parts.add('full repayment to a CreditPool', await usance.repay(payer, parts.pooled, MAX), payOff);
  parts.add('full repayment of a loan without collateral', await usance.repay(payer, parts.unsecured, MAX), payOff);
  parts.add('collateral added, first time', await usance.onLoan(payer, split, 'addCollateral', ['uint128'], [LOAN.collateral]));
  parts.add('collateral added again', await usance.onLoan(payer, split, 'addCollateral', ['uint128'], [LOAN.collateral]));
  // So that the new lender is not new to the contract.
  await parts.originate({ changes: { lender: stage.nextLender } });
  const both = { what: 'full repayment and origination', gas: payOff.gas + base.gas };
  parts.add('refinancing with another lender, one transaction', await refinance(parts, late, stage.nextLender), both);
}

/** The old loan is paid by a new one; the collateral stays where it is. */
async function refinance({ usance, chain, stage, proxy }, old, lender) {
  const borrower = `0x${old.terms[2].slice(-40)}`;
  const request = { borrower, changes: { lender }, intentChanges: { refinances: old.loanId, minReceived: -LOAN.principal } };
  const { values } = await usance.originateData(request);
  const signature = usance.originateSignature.replace('originate(', `refinance(bytes32,${TERMS},`);
  return chain.send(stage.admin, proxy, signature, [old.loanId, old.terms, ...values]);
}

/** The ways in which a loan ends badly, and what a lender calls. */
async function endParts(parts) {
  const { usance, chain, stage, oracle, proxy } = parts;
  await oracle.set(PRICE.sound);
  const ruled = { oracle: oracle.proxy, ...PRICE_RULE };
  const [plain, priced, late, half] = [
    await parts.originate(), await parts.originate({ changes: ruled }), await parts.originate({ changes: ruled }),
    await parts.originate({ changes: { ...ruled, period: BigInt(90 * DAY), installments: 4n } }),
  ];
  await parts.at(80 * DAY);
  await oracle.set(PRICE.sound);
  parts.add('default, whole collateral to the lender', await usance.onLoan(stage.admin, plain, 'markDefault'));
  parts.add('default by PriceOracle, the rest to the borrower', await usance.onLoan(stage.admin, priced, 'markDefault'));
  parts.add('liquidation for a missed installment, by PriceOracle', await usance.liquidate(stage.liquidator, late, MAX));
  await oracle.set(PRICE.fallen);
  parts.add('liquidation of half for the price, by PriceOracle', await usance.liquidate(stage.liquidator, half, LOAN.half));
  parts.add('cancelling an offer', await chain.send(stage.lender, proxy, 'cancelOffer(uint256)', [191n]));
  parts.add('cancelling all offers', await chain.send(stage.lender, proxy, 'bumpEpoch()'));
}

/** The oracle as in earnest, over feeds of Chainlink's shape. */
async function deployPriceOracle(chain, { admin, asset, collateral }) {
  const implementation = await chain.deploy(admin, ownBytecode('PriceOracle'));
  const proxy = await chain.deploy(admin, ownBytecode('ERC1967Proxy'), '(address,bytes)', [
    implementation, callData('initialize(address,address)', [admin, admin]),
  ]);
  const feeds = [];
  for (const [token, decimals] of [[asset, 6n], [collateral, 18n]]) {
    const feed = await chain.deploy(admin, ownBytecode('DevFeed'), '(uint8,string)', [FEED_DECIMALS, 'token / USD']);
    await chain.send(admin, feed, 'setAnswer(int256)', [FEED_UNIT * (token === asset ? 1n : PRICE.sound)]);
    await chain.send(admin, proxy, 'setToken(address,(address,uint32,address,uint32,uint16,uint8))', [
      token, [feed, FEED_AGE, NONE, 0n, 0n, decimals],
    ]);
    feeds.push(feed);
  }
  return { proxy, set: (dollars) => chain.send(admin, feeds[1], 'setAnswer(int256)', [FEED_UNIT * dollars]) };
}
