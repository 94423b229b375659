// Figures of protocols that are not on npm, so that they cannot be part of the run: measured once from their git sources, or published
// by their authors. They do not move with this repository. `n` is the number of transactions where it was recorded.
const gas = (value, n) => ({ gas: value, transactions: n });

export const QUOTED_ROWS = [
  ['lendFirst', "lender's money in, first"],
  ['originateFirst', 'origination, first'],
  ['originateSteady', 'origination, next borrower'],
  ['installment', 'partial repayment'],
  ['payOff', 'full repayment and collateral back'],
  ['liquidation', 'liquidation'],
];

export const QUOTED = [
  {
    title: 'Midnight',
    source: 'morpho-org/midnight 0c72e1f: receipts on anvil',
    figures: {
      originateFirst: gas(302_742, 1), originateSteady: gas(231_811, 1), installment: gas(96_875, 1), payOff: gas(114_150, 2),
      liquidation: gas(100_381, 1),
    },
  },
  {
    title: 'PWN 1.3',
    source: 'PWN e3871d2: receipts on anvil; it has no partial repayment, and its liquidation is the claim of a default',
    figures: {
      originateFirst: gas(476_085, 1), originateSteady: gas(424_785, 1), payOff: gas(144_369, 1), liquidation: gas(95_652, 1),
    },
  },
  {
    title: 'Teller v2',
    source: 'teller-protocol-v2 9d9ead5: receipts on anvil without its proxies, so a lower bound',
    figures: {
      originateFirst: gas(1_123_920, 2), originateSteady: gas(1_098_132, 2), installment: gas(144_618, 1), payOff: gas(213_887, 1),
      liquidation: gas(213_813, 1),
    },
  },
  {
    title: 'Compound III',
    source: 'comet d5a30b0: receipts on anvil; its liquidation is `absorb` and `buyCollateral`',
    figures: {
      lendFirst: gas(105_139, 1), originateFirst: gas(255_924, 2), installment: gas(77_528, 1), payOff: gas(152_473, 2),
      liquidation: gas(259_968, 2),
    },
  },
  {
    title: 'Euler v2',
    source: 'euler-vault-kit 5b98b42 with EVC 34bb788: receipts on anvil; next borrower by one batch of the EVC',
    figures: {
      lendFirst: gas(168_490, 1), originateFirst: gas(551_627), originateSteady: gas(388_986, 1), installment: gas(141_913, 1),
      liquidation: gas(332_833, 1),
    },
  },
  {
    title: 'Aave v4',
    source: "aave-v4 5f0e7cb: snapshots of its authors' own tests (`Spoke.Operations.json`), which are no receipts",
    figures: {
      lendFirst: gas(127_753, 1), originateFirst: gas(415_613, 2), payOff: gas(258_413, 2), liquidation: gas(365_078, 1),
    },
  },
];
