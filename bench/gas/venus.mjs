// Venus Isolated Pools, the Compound v2 model, with the release that runs on BNB Chain: registry, beacons and share reserve as in use there.
import { MAX, callData } from './abi.mjs';
import { readJson } from './packages.mjs';
import { LOAN, PRICE, approve, call, openZeppelinBytecode, ownBytecode, playPool } from './stage.mjs';

const PACKAGE = '@venusprotocol/isolated-pools';
const WAD = 10n ** 18n;
const BLOCKS_PER_YEAR = 42_048_000n;
const MAX_BORROW_RATE = 5n * 10n ** 12n;
const MAX_LOOPS = 100n;
/** At most half of a debt in one liquidation; the liquidator gets 10 % above what it repays, of which the protocol keeps half. */
const CLOSE_FACTOR = WAD / 2n;
const INCENTIVE = (WAD * 11n) / 10n;
const LIQUIDATION_THRESHOLD = (WAD * 825n) / 1_000n;
const ANY_CONTRACT = '0x0000000000000000000000000000000000000000';
const MARKET = '(address,uint256,uint256,uint256,address,uint256,uint256)';
const VTOKEN = 'initialize(address,address,address,uint256,string,string,uint8,address,address,(address,address),uint256)';

export const title = 'Venus Isolated Pools 4.4.0';

const FILES = {
  Comptroller: 'deployments/bscmainnet/ComptrollerImpl.json',
  VToken: 'deployments/bscmainnet/VTokenImpl.json',
  AccessControlManager: 'artifacts/@venusprotocol/governance-contracts/contracts/Governance/AccessControlManager.sol/AccessControlManager.json',
  ProtocolShareReserve: 'artifacts/@venusprotocol/protocol-reserve/contracts/ProtocolReserve/ProtocolShareReserve.sol/ProtocolShareReserve.json',
  JumpRateModelV2: 'artifacts/contracts/JumpRateModelV2.sol/JumpRateModelV2.json',
  PoolRegistry: 'artifacts/contracts/Pool/PoolRegistry.sol/PoolRegistry.json',
  MockPriceOracle: 'artifacts/contracts/test/Mocks/MockPriceOracle.sol/MockPriceOracle.json',
};

/** Roles by the text of the function, on every contract. */
async function allowAll(chain, admin, access, who, functions) {
  for (const name of functions) {
    await chain.configure(admin, access, 'giveCallPermission(address,string,address)', [ANY_CONTRACT, name, who]);
  }
}

/** Prices of base units, scaled so that price times amount has 18 decimals. */
const scaled = (dollars, decimals) => dollars * 10n ** BigInt(36 - decimals);

/** Registry, one pool and its two markets. */
export async function deployment(chain, stage) {
  const { admin, asset, collateral } = stage;
  const deploy = async (name, types, values) => chain.deploy(admin, (await readJson(PACKAGE, FILES[name])).bytecode, types, values);
  const proxied = (implementation, signature, values) =>
    chain.deploy(admin, ownBytecode('ERC1967Proxy'), '(address,bytes)', [implementation, callData(signature, values)]);
  const beaconed = (beacon, signature, values) =>
    chain.deploy(admin, openZeppelinBytecode('BeaconProxy'), '(address,bytes)', [beacon, callData(signature, values)]);
  const beacon = (implementation) => chain.deploy(admin, openZeppelinBytecode('UpgradeableBeacon'), '(address,address)', [implementation, admin]);

  const access = await deploy('AccessControlManager');
  const oracle = await deploy('MockPriceOracle');
  const registry = await proxied(await deploy('PoolRegistry'), 'initialize(address)', [access]);
  // Of the core pool, which isolated pools do not touch; it must not be zero.
  const reserve = await proxied(await deploy('ProtocolShareReserve', '(address,address,address)', [admin, admin, admin]),
    'initialize(address,uint256)', [access, MAX_LOOPS]);
  await chain.configure(admin, reserve, 'setPoolRegistry(address)', [registry]);
  const comptrollers = await beacon(await deploy('Comptroller', '(address)', [registry]));
  const vTokens = await beacon(await deploy('VToken', '(bool,uint256,uint256)', [false, BLOCKS_PER_YEAR, MAX_BORROW_RATE]));
  const comptroller = await beaconed(comptrollers, 'initialize(uint256,address)', [MAX_LOOPS, access]);

  const allow = (who, functions) => allowAll(chain, admin, access, who, functions);
  await allow(registry, [
    'setCloseFactor(uint256)', 'setLiquidationIncentive(uint256)', 'setMinLiquidatableCollateral(uint256)',
    'setCollateralFactor(address,uint256,uint256)', 'setMarketSupplyCaps(address[],uint256[])', 'setMarketBorrowCaps(address[],uint256[])',
  ]);
  await allow(admin, [
    'addPool(string,address,uint256,uint256,uint256)', 'addMarket(AddMarketInput)', 'setReduceReservesBlockDelta(uint256)',
  ]);
  const setPrice = (token, dollars, decimals) =>
    chain.configure(admin, oracle, 'setPrice(address,uint256)', [token, scaled(dollars, decimals)]);
  await setPrice(asset, 1n, 6);
  await setPrice(collateral, PRICE.sound, 18);
  await chain.configure(admin, comptroller, 'setPriceOracle(address)', [oracle]);
  const pool = ['gas', comptroller, CLOSE_FACTOR, INCENTIVE, 100n * WAD];
  await chain.configure(admin, registry, 'addPool(string,address,uint256,uint256,uint256)', pool);

  const irm = await deploy('JumpRateModelV2', '(uint256,uint256,uint256,uint256,address,bool,uint256)',
    [WAD / 50n, WAD / 10n, 3n * WAD, (WAD * 8n) / 10n, access, false, BLOCKS_PER_YEAR]);
  const market = async (token, decimals, seed) => {
    const exchangeRate = 10n ** BigInt(18 + decimals - 8);
    const vToken = await beaconed(vTokens, VTOKEN,
      [token, comptroller, irm, exchangeRate, 'v', 'v', 8n, admin, access, [admin, reserve], WAD / 10n]);
    // A day of blocks between two deliveries of reserves.
    await chain.configure(admin, vToken, 'setReduceReservesBlockDelta(uint256)', [BLOCKS_PER_YEAR / 365n]);
    await chain.send(admin, token, 'mint(address,uint256)', [admin, seed]);
    await chain.configure(admin, token, 'approve(address,uint256)', [registry, seed]);
    const input = [vToken, (WAD * 8n) / 10n, LIQUIDATION_THRESHOLD, seed, admin, MAX, MAX];
    await chain.configure(admin, registry, `addMarket(${MARKET})`, [input]);
    return vToken;
  };
  return {
    comptroller,
    oracle,
    irm,
    implementation: await chain.viewAddress(comptrollers, 'implementation()'),
    vAsset: await market(asset, 6, 10n ** 6n),
    vCollateral: await market(collateral, 18, 10n ** 16n),
    dropPrice: () => setPrice(collateral, PRICE.fallen, 18),
  };
}

export async function measure(chain, stage) {
  const { liquidator } = stage;
  const { comptroller, implementation, vAsset, vCollateral, dropPrice } = await deployment(chain, stage);
  const built = { gas: chain.deployGas, contracts: chain.deployed, runtimeBytes: await chain.codeBytes(implementation) };
  await approve(chain, stage, vAsset, vCollateral);
  const redeemAll = (who) => call(vCollateral, 'redeem(uint256)', async () => chain.view(vCollateral, 'balanceOf(address)', [who]));
  const figures = await playPool(chain, stage, {
    lend: () => [call(vAsset, 'mint(uint256)', [LOAN.pool])],
    originate: () => [
      call(vCollateral, 'mint(uint256)', [LOAN.collateral]),
      call(comptroller, 'enterMarkets(address[])', [[vCollateral]]),
      call(vAsset, 'borrow(uint256)', [LOAN.principal]),
    ],
    repay: () => [call(vAsset, 'repayBorrow(uint256)', [LOAN.installment])],
    payOff: (who) => [call(vAsset, 'repayBorrow(uint256)', [MAX]), redeemAll(who)],
    dropPrice,
    // It pays the liquidator in receipts, so the second transaction is what brings the collateral.
    liquidateHalf: (who) => [call(vAsset, 'liquidateBorrow(address,uint256,address)', [who, LOAN.half, vCollateral]), redeemAll(liquidator)],
  });
  return { title, figures, deployment: built };
}
