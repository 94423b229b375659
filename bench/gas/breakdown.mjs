// Where the gas of one transaction goes, by following each of its steps.
import { MAX, addressOf } from './abi.mjs';
import { DAY } from './chain.mjs';
import { LOAN, PRICE, TIME, approve } from './stage.mjs';
import { PRICE_RULE, Usance } from './usance.mjs';

const BASE = 21_000;
const [ZERO_BYTE, OTHER_BYTE] = [4, 16];
const CALLS = new Set(['CALL', 'STATICCALL', 'DELEGATECALL']);
const ECRECOVER = 1n;

/** Gas of call data as the protocol prices it; none of our transactions reaches the floor of EIP-7623. */
function ofCallData(hex) {
  const bytes = hex.slice(2).match(/../g) ?? [];
  return bytes.reduce((sum, byte) => sum + (byte === '00' ? ZERO_BYTE : OTHER_BYTE), 0);
}

/**
 * Gas by what it is for. `names` gives the calls that are counted whole, by address, such as a token.
 * The figures add up to the gas of the receipt.
 */
export async function breakdown(chain, { transactionHash, gasUsed }, names) {
  const { input } = await chain.rpc('eth_getTransactionByHash', [transactionHash]);
  const trace = await chain.rpc('debug_traceTransaction', [transactionHash, { disableStorage: true, enableMemory: false }]);
  const steps = trace.structLogs;
  const parts = { 'base of every transaction': BASE, 'call data': ofCallData(input) };
  const add = (what, gas) => (parts[what] = (parts[what] ?? 0) + gas);
  let total = parts['base of every transaction'] + parts['call data'];
  for (let at = 0; at < steps.length; at++) {
    const { op, depth, gas, stack } = steps[at];
    let next = at + 1;
    if (CALLS.has(op)) {
      const target = BigInt(stack[stack.length - 2]);
      const named = names[addressOf(target.toString(16).padStart(40, '0'))];
      const what = named ?? (target === ECRECOVER ? 'signature checks' : undefined);
      if (what) {
        while (next < steps.length && steps[next].depth > depth) next++;
        const used = gas - (steps[next]?.gas ?? gas);
        add(what, used);
        total += used;
        at = next - 1;
        continue;
      }
    }
    const cost = ownCost(steps, at);
    total += cost;
    add(kindOf(op), cost);
  }
  const refund = total - Number(gasUsed);
  if (refund < 0) throw new Error(`${-refund} gas of ${transactionHash} is not accounted for: is the chain traced?`);
  if (refund > 0) parts.refund = -refund;
  return parts;
}

/** What a step takes itself: of a call that is followed into, without the gas that the callee gets. */
function ownCost(steps, at) {
  const { op, depth, gas, gasCost } = steps[at];
  const next = steps[at + 1];
  if (!CALLS.has(op) || !next || next.depth <= depth) return gasCost;
  let after = at + 1;
  while (after < steps.length && steps[after].depth > depth) after++;
  const inside = next.gas - lastGas(steps, after - 1);
  return gas - (steps[after]?.gas ?? gas) - inside;
}

/** Gas left behind the last step of a callee. */
const lastGas = (steps, at) => steps[at].gas - steps[at].gasCost;

function kindOf(op) {
  if (op === 'SLOAD' || op === 'SSTORE') return `storage: ${op}`;
  if (op.startsWith('LOG')) return 'event';
  if (CALLS.has(op)) return 'calls between our contracts';
  return 'computation';
}

/** Our four main steps, part by part: `[{ what, gas, parts }]`. The chain must be traced. */
export async function measureBreakdown(chain, stage) {
  const usance = await Usance.deploy(chain, stage);
  await approve(chain, stage, usance.proxy);
  const { oracle, set } = await usance.deployPrice();
  const { admin, first, second, third, liquidator, asset, collateral } = stage;
  const names = {
    [asset]: 'asset: transfer',
    [collateral]: 'collateral: transfer and balances',
    [usance.manager]: 'custody with its transfer of collateral',
    [oracle]: 'price',
  };
  const list = [];
  const note = async (what, who, data) => {
    const receipt = await chain.sendRaw(who, usance.proxy, data);
    list.push({ what, gas: Number(receipt.gasUsed), parts: await breakdown(chain, receipt, names) });
    return receipt;
  };
  await chain.at(TIME.originate);
  await usance.originate({ borrower: first });
  const long = { oracle, ...PRICE_RULE, period: BigInt(90 * DAY), installments: 4n };
  const priced = await usance.originate({ borrower: third, changes: long });
  const { data } = await usance.originateData({ borrower: second });
  const loan = usance.loanFrom(await note('origination', admin, data));
  await chain.at(TIME.installments[0]);
  await note('installment', second, usance.onLoanData(loan, 'repay', ['uint256'], [LOAN.installment]));
  await chain.at(TIME.installments[1]);
  await note('full repayment', second, usance.onLoanData(loan, 'repay', ['uint256'], [MAX]));
  await chain.at(TIME.fall);
  await set(PRICE.fallen);
  await note('liquidation', liquidator, usance.onLoanData(priced, 'liquidate', ['uint256', 'uint256', 'bytes'], [MAX, 0n, '0x']));
  return list;
}
