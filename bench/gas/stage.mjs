// The same stage for every protocol: people, two OpenZeppelin tokens, one loan, one timetable.
import fs from 'node:fs';
import path from 'node:path';
import { MAX, callData } from './abi.mjs';
import { DAY } from './chain.mjs';
import { root } from './paths.mjs';
import { compile } from './solidity.mjs';

const ASSET = 10n ** 6n;
const COLLATERAL = 10n ** 18n;

/** A loan of 12,000 against 10 units of collateral at 2,000 each: 60 % of its value. */
export const LOAN = {
  principal: 12_000n * ASSET,
  collateral: 10n * COLLATERAL,
  installment: 1_100n * ASSET,
  half: 6_000n * ASSET,
  pool: 1_000_000n * ASSET,
};
/** Dollars for a unit of collateral, at first and when the positions are unsound: 89 % debt over value. */
export const PRICE = { sound: 2_000n, fallen: 1_350n };
/** Seconds after the start. */
export const TIME = {
  lend: 1_000,
  originate: 2_000,
  installments: [30 * DAY, 60 * DAY],
  payOff: 75 * DAY,
  fall: 80 * DAY,
};

/** One of our contracts as committed. */
export const ownContract = (name) => JSON.parse(fs.readFileSync(path.join(root, 'contracts/abi', `${name}.json`), 'utf8'));
export const ownBytecode = (name) => ownContract(name).bytecode;
/** Creation code of a contract of OpenZeppelin as their package has it. */
export const openZeppelinBytecode = (name) =>
  JSON.parse(fs.readFileSync(path.join(root, 'node_modules/@openzeppelin/contracts/build/contracts', `${name}.json`), 'utf8')).bytecode;

/** People and tokens; everybody holds both tokens, so that no figure contains a first balance of a payer. */
export async function setStage(chain) {
  const [admin, lender, nextLender, liquidator, first, second, third, fourth] = await chain.accounts();
  const batch = await chain.deploy(admin, await doubleBytecode('Batch'));
  const people = { lender, nextLender, liquidator, first, second, third, fourth, batch };
  const token = (name, decimals) => chain.deploy(admin, ownBytecode('DevToken'), '(string,string,uint8)', [name, name, decimals]);
  const [asset, collateral] = [await token('Asset', 6), await token('Collateral', 18)];
  for (const person of Object.values(people)) {
    await chain.send(admin, asset, 'mint(address,uint256)', [person, 10n * LOAN.pool]);
    await chain.send(admin, collateral, 'mint(address,uint256)', [person, 1_000n * COLLATERAL]);
  }
  chain.deployGas = 0;
  chain.deployed = 0;
  return { admin, ...people, asset, collateral };
}

/** Approvals without limit, given before anything is measured; not part of any figure. */
export async function approve(chain, stage, assetSpender, collateralSpender = assetSpender) {
  const { admin, asset, collateral, batch } = stage;
  const approvals = [[asset, assetSpender], [collateral, collateralSpender]]
    .map(([token, spender]) => call(token, 'approve(address,uint256)', [spender, MAX]));
  for (const who of ['lender', 'nextLender', 'liquidator', 'first', 'second', 'third', 'fourth']) {
    for (const { to, signature, values } of approvals) await chain.send(stage[who], to, signature, values);
  }
  await chain.send(admin, batch, 'run(address[],bytes[])', [approvals.map(({ to }) => to), approvals.map(dataOf)]);
}

/** Creation code of a contract of Doubles.sol. */
export async function doubleBytecode(name) {
  const code = await compile({
    version: '0.8.30',
    entries: ['gas/Doubles.sol'],
    remappings: [['gas/', path.join(root, 'bench/gas')]],
    settings: { evmVersion: 'cancun', viaIR: true, optimizer: { enabled: true, runs: 100_000 } },
  });
  return code[`gas/Doubles.sol:${name}`].bytecode;
}

/** One call that is to be measured: `call(pool, 'repay(uint256)', [1n])`; values that only the call before settles are a function. */
export const call = (to, signature, values) => ({ to, signature, values });
const settled = async (item) => (typeof item.values === 'function' ? { ...item, values: await item.values() } : item);
const nameOf = ({ signature }) => signature.slice(0, signature.indexOf('('));
const dataOf = ({ signature, values }) => callData(signature, values);

/** A figure: gas by transaction, in order. */
export const figure = (parts) => ({
  gas: Object.values(parts).reduce((sum, gas) => sum + gas, 0),
  transactions: Object.keys(parts).length,
  parts,
});

/** Each call in a transaction of its own. */
async function oneByOne(chain, who, calls) {
  const parts = {};
  for (const item of calls) {
    const { to, signature, values } = await settled(item);
    parts[nameOf(item)] = await chain.send(who, to, signature, values);
  }
  return figure(parts);
}

/** All calls in one transaction of the smart account. */
async function batched(chain, { batch, admin }, items) {
  const calls = await Promise.all(items.map(settled));
  if (calls.length < 2) throw new Error('one call is no batch');
  return figure({ batch: await chain.send(admin, batch, 'run(address[],bytes[])', [calls.map(({ to }) => to), calls.map(dataOf)]) });
}

/**
 * Plays the timetable on a lending pool and gives its figures. `pool` is what differs: the calls of `lend`, `originate`, `repay`,
 * `payOff`, `liquidateHalf` and, where one transaction can, `liquidateWhole`, and how `dropPrice` is done. A pool with `multicall` takes
 * several calls in one transaction by itself.
 */
export async function playPool(chain, stage, pool) {
  const { lender, nextLender, liquidator, first, second, third, fourth, batch } = stage;
  const figures = {};
  const play = (who, calls) => {
    if (!pool.multicall || calls.length < 2) return oneByOne(chain, who, calls);
    return oneByOne(chain, who, [call(calls[0].to, 'multicall(bytes[])', [calls.map(dataOf)])]);
  };
  await chain.at(TIME.lend);
  figures.lendFirst = await play(lender, pool.lend(lender));
  figures.lendNext = await play(nextLender, pool.lend(nextLender));

  await chain.at(TIME.originate);
  figures.originateFirst = await play(first, pool.originate(first));
  figures.originateSteady = await play(second, pool.originate(second));
  figures.originateAgain = await play(second, pool.originate(second));
  figures.originateBatched = await batched(chain, stage, pool.originate(batch));
  await play(third, pool.originate(third));
  await play(fourth, pool.originate(fourth));

  const payments = [];
  for (const time of TIME.installments) {
    await chain.at(time);
    payments.push(await play(first, pool.repay(first)));
  }
  figures.installment = payments.reduce((most, payment) => (payment.gas > most.gas ? payment : most));
  await chain.at(TIME.payOff);
  figures.payOff = await play(first, await pool.payOff(first));
  figures.payOffBatched = await batched(chain, stage, await pool.payOff(batch));

  await chain.at(TIME.fall);
  await pool.dropPrice();
  figures.liquidateHalf = await play(liquidator, await pool.liquidateHalf(third));
  if (pool.liquidateWhole) figures.liquidateWhole = await play(liquidator, await pool.liquidateWhole(fourth));
  return figures;
}
