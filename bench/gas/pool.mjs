// What it costs when the lender is a CreditPool, with the deposits of its own lenders.
import { MAX, encode, word } from './abi.mjs';
import { DAY } from './chain.mjs';
import { LOAN, ownBytecode } from './stage.mjs';
import { NONE, PRICE_RULE } from './usance.mjs';

const CONFIG = '(address,address,address,address,address,uint32,uint16,uint16,uint32,string)';
const POLICY = '(uint128,uint128,uint128,uint32,uint32,address)';
const YEARS = BigInt(2 * 365 * DAY);

/** A pool that lends by this oracle and is signed for by the stage's lender. */
async function deployPool({ chain, stage, proxy }, oracle) {
  const { admin, asset, collateral, lender } = stage;
  const tranche = await chain.deploy(admin, ownBytecode('Tranche'));
  const implementation = await chain.deploy(admin, ownBytecode('CreditPool'), '(address,address)', [proxy, tranche]);
  const factory = await chain.deploy(admin, ownBytecode('PoolFactory'), '(address)', [implementation]);
  const creation = [[asset, admin, admin, lender, oracle, 60_000n, 1_000n, 500n, BigInt(7 * DAY), 'GAS'], `0x${word(0)}`];
  await chain.send(admin, factory, `createPool(${CONFIG},bytes32)`, creation);
  const pool = await chain.viewAddress(factory, `poolOf(${CONFIG},bytes32)`, creation);
  await chain.send(admin, pool, `setLendingPolicy(${POLICY})`, [[LOAN.pool, LOAN.pool, LOAN.pool, 1n, YEARS, NONE]]);
  const limit = PRICE_RULE.liquidationLtvBps;
  await chain.send(admin, pool, 'setCollateralLimits(address,(uint16,uint16))', [collateral, [limit, limit]]);
  return { pool, junior: await chain.viewAddress(pool, 'juniorTranche()'), senior: await chain.viewAddress(pool, 'seniorTranche()') };
}

/** Deposits, and the origination of a loan from the pool, which is left in `parts.pooled`. */
export async function poolParts(parts, { oracle, base }) {
  const { usance, chain, stage } = parts;
  const { pool, junior, senior } = await deployPool(parts, oracle);
  const deposit = async (who, tranche) => {
    await chain.send(who, stage.asset, 'approve(address,uint256)', [tranche, MAX]);
    return chain.send(who, tranche, 'deposit(uint256,address)', [LOAN.pool / 2n, who]);
  };
  await deposit(stage.lender, junior);
  parts.add('deposit in the senior tranche of a pool, first', await deposit(stage.lender, senior));
  parts.add('deposit in the senior tranche of a pool, next lender', await deposit(stage.nextLender, senior));

  const ofOffer = `(${usance.offerTypes},bytes)`;
  const request = {
    changes: { lender: pool, oracle, ...PRICE_RULE },
    lenderSignature: async (offer) => `0x${encode(ofOffer, [usance.offerValues(offer), await usance.signOffer(stage.lender, offer)])}`,
  };
  await parts.originate(request);
  parts.pooled = await parts.originate(request);
  parts.add('lender is a CreditPool', parts.pooled.gas, base);
}
