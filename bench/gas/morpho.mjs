// Morpho Blue: one contract, one isolated market.
import { encode, hash } from './abi.mjs';
import { packageFolder } from './packages.mjs';
import { compile } from './solidity.mjs';
import { LOAN, PRICE, approve, call, playPool } from './stage.mjs';

export const MARKET = '(address,address,address,address,uint256)';
const LLTV = 825n * 10n ** 15n;
/** Value of a base unit of collateral in base units of asset, times 1e36: decimals 6 - 18 + 36 = 24. */
const scaled = (dollars) => dollars * 10n ** 24n;

export const title = 'Morpho Blue 1.0.0';

async function contracts() {
  return compile({
    version: '0.8.19',
    entries: ['morpho/src/Morpho.sol', 'morpho/src/mocks/OracleMock.sol', 'morpho/src/mocks/IrmMock.sol'],
    remappings: [['morpho/', await packageFolder('@morpho-org/morpho-blue')]],
    settings: { evmVersion: 'paris', viaIR: true, optimizer: { enabled: true, runs: 999_999 }, metadata: { bytecodeHash: 'none' } },
  });
}

/** The contract with one market. */
export async function deployment(chain, { admin, asset, collateral }) {
  const code = await contracts();
  const morpho = await chain.deploy(admin, code['morpho/src/Morpho.sol:Morpho'].bytecode, '(address)', [admin]);
  const oracle = await chain.deploy(admin, code['morpho/src/mocks/OracleMock.sol:OracleMock'].bytecode);
  const irm = await chain.deploy(admin, code['morpho/src/mocks/IrmMock.sol:IrmMock'].bytecode);
  const setPrice = (dollars) => chain.configure(admin, oracle, 'setPrice(uint256)', [scaled(dollars)]);
  await setPrice(PRICE.sound);
  await chain.configure(admin, morpho, 'enableIrm(address)', [irm]);
  await chain.configure(admin, morpho, 'enableLltv(uint256)', [LLTV]);
  const market = [asset, collateral, oracle, irm, LLTV];
  await chain.configure(admin, morpho, `createMarket(${MARKET})`, [market]);
  return { morpho, oracle, irm, market, id: hash(encode(`(${MARKET})`, [market])), setPrice };
}

export async function measure(chain, stage) {
  const { morpho, market, id, setPrice } = await deployment(chain, stage);
  await approve(chain, stage, morpho);
  const built = { gas: chain.deployGas, contracts: chain.deployed, runtimeBytes: await chain.codeBytes(morpho) };

  const sharesOf = async (who) => (await chain.view(morpho, 'position(bytes32,address)', [id, who]))[1];
  const repay = (who, assets, shares) => call(morpho, `repay(${MARKET},uint256,uint256,address,bytes)`, [market, assets, shares, who, '0x']);
  const liquidate = (who, shares) => [call(morpho, `liquidate(${MARKET},address,uint256,uint256,bytes)`, [market, who, 0n, shares, '0x'])];
  const figures = await playPool(chain, stage, {
    lend: (who) => [call(morpho, `supply(${MARKET},uint256,uint256,address,bytes)`, [market, LOAN.pool, 0n, who, '0x'])],
    originate: (who) => [
      call(morpho, `supplyCollateral(${MARKET},uint256,address,bytes)`, [market, LOAN.collateral, who, '0x']),
      call(morpho, `borrow(${MARKET},uint256,uint256,address,address)`, [market, LOAN.principal, 0n, who, who]),
    ],
    repay: (who) => [repay(who, LOAN.installment, 0n)],
    payOff: async (who) => [
      repay(who, 0n, await sharesOf(who)),
      call(morpho, `withdrawCollateral(${MARKET},uint256,address,address)`, [market, LOAN.collateral, who, who]),
    ],
    dropPrice: () => setPrice(PRICE.fallen),
    liquidateHalf: async (who) => liquidate(who, (await sharesOf(who)) / 2n),
    liquidateWhole: async (who) => liquidate(who, await sharesOf(who)),
  });
  return { title, figures, deployment: built };
}
