// Aave v3 in two releases: 1.19.3 as built by its authors, 3.6.0 compiled from the sources of its package.
import path from 'node:path';
import { MAX, encode } from './abi.mjs';
import { packageFolder, readJson } from './packages.mjs';
import { root } from './paths.mjs';
import { compile, link } from './solidity.mjs';
import { LOAN, PRICE, approve, call, playPool } from './stage.mjs';

const NONE = '0x0000000000000000000000000000000000000000';
/** A treasury that nothing is sent to here; it must not be zero. */
const TREASURY = '0x000000000000000000000000000000000000dEaD';
const RAY = 10n ** 27n;
const VARIABLE = 2n;
/** Parts of 10,000: at most 80 % lent, unsound above 82.5 %, 5 % for the liquidator. */
const RISK = [8_000n, 8_250n, 10_500n];
/** A dollar in the feeds, 8 decimals. */
const FEED_UNIT = 10n ** 8n;

/** Deploys and configures up to the point where both releases agree: provider, roles, oracle, pool and configurator. */
async function deployPool(chain, { admin, asset, collateral }, release) {
  const { code, libraries: wanted, poolArguments, initializeImplementations } = release;
  const deploy = async (name, types, values, libraries) => chain.deploy(admin, link(await code(name), libraries ?? {}), types, values);
  const provider = await deploy('PoolAddressesProvider', '(string,address)', ['gas', admin]);
  const libraries = {};
  for (const name of wanted) libraries[name] = await deploy(name, '()', [], libraries);
  const pool = await deploy(release.pool, ...(await poolArguments(deploy, provider)), libraries);
  const configurator = await deploy(release.configurator, '()', [], libraries);
  if (initializeImplementations) {
    await chain.configure(admin, pool, 'initialize(address)', [provider]);
    await chain.configure(admin, configurator, 'initialize(address)', [provider]);
  }
  await chain.configure(admin, provider, 'setACLAdmin(address)', [admin]);
  const roles = await deploy('ACLManager', '(address)', [provider]);
  await chain.configure(admin, provider, 'setACLManager(address)', [roles]);
  for (const role of ['addPoolAdmin', 'addRiskAdmin', 'addAssetListingAdmin', 'addEmergencyAdmin']) {
    await chain.configure(admin, roles, `${role}(address)`, [admin]);
  }
  const feed = (dollars) => deploy('MockAggregator', '(int256)', [dollars * FEED_UNIT]);
  const feeds = [await feed(1n), await feed(PRICE.sound)];
  const oracle = await deploy('AaveOracle', '(address,address[],address[],address,address,uint256)', [
    provider, [asset, collateral], feeds, NONE, NONE, FEED_UNIT,
  ]);
  await chain.configure(admin, provider, 'setPriceOracle(address)', [oracle]);
  await chain.configure(admin, provider, 'setPoolImpl(address)', [pool]);
  await chain.configure(admin, provider, 'setPoolConfiguratorImpl(address)', [configurator]);
  return {
    deploy,
    provider,
    oracle,
    feeds,
    implementation: pool,
    setPrice: async (dollars) =>
      chain.configure(admin, oracle, 'setAssetSources(address[],address[])', [[collateral], [await feed(dollars)]]),
    pool: await chain.viewAddress(provider, 'getPool()'),
    configurator: await chain.viewAddress(provider, 'getPoolConfigurator()'),
  };
}

/** The whole pool with both tokens listed. */
async function deployRelease(chain, stage, release) {
  const { admin, asset, collateral } = stage;
  const deployed = await deployPool(chain, stage, release);
  const { configurator } = deployed;
  await release.listReserves(chain, stage, deployed);
  for (const token of [asset, collateral]) {
    await chain.configure(admin, configurator, 'configureReserveAsCollateral(address,uint256,uint256,uint256)', [token, ...RISK]);
    await chain.configure(admin, configurator, 'setReserveBorrowing(address,bool)', [token, true]);
    await chain.configure(admin, configurator, 'setReserveFactor(address,uint256)', [token, 1_000n]);
  }
  return deployed;
}

async function measureRelease(chain, stage, release) {
  const { asset, collateral } = stage;
  const deployed = await deployRelease(chain, stage, release);
  const { pool, setPrice } = deployed;
  const deployment = { gas: chain.deployGas, contracts: chain.deployed, runtimeBytes: await chain.codeBytes(deployed.implementation) };
  await approve(chain, stage, pool);

  const supply = (who, token, amount) => call(pool, 'supply(address,uint256,address,uint16)', [token, amount, who, 0n]);
  const repay = (who, amount) => call(pool, 'repay(address,uint256,uint256,address)', [asset, amount, VARIABLE, who]);
  const liquidate = (who, amount) => [
    call(pool, 'liquidationCall(address,address,address,uint256,bool)', [collateral, asset, who, amount, false]),
  ];
  const figures = await playPool(chain, stage, {
    multicall: release.multicall,
    lend: (who) => [supply(who, asset, LOAN.pool)],
    originate: (who) => [
      supply(who, collateral, LOAN.collateral),
      call(pool, 'borrow(address,uint256,uint256,uint16,address)', [asset, LOAN.principal, VARIABLE, 0n, who]),
    ],
    repay: (who) => [repay(who, LOAN.installment)],
    payOff: (who) => [repay(who, MAX), call(pool, 'withdraw(address,uint256,address)', [collateral, MAX, who])],
    dropPrice: () => setPrice(PRICE.fallen),
    liquidateHalf: (who) => liquidate(who, LOAN.half),
    liquidateWhole: (who) => liquidate(who, MAX),
  });
  return { title: release.title, figures, deployment };
}

// --- 1.19.3

const PATHS_1 = {
  PoolAddressesProvider: 'protocol/configuration', ACLManager: 'protocol/configuration', AaveOracle: 'misc',
  MockAggregator: 'mocks/oracle/CLAggregators', Pool: 'protocol/pool', PoolConfigurator: 'protocol/pool',
  DefaultReserveInterestRateStrategy: 'protocol/pool', AToken: 'protocol/tokenization',
  StableDebtToken: 'protocol/tokenization', VariableDebtToken: 'protocol/tokenization',
};

async function built(name) {
  const folder = PATHS_1[name] ?? 'protocol/libraries/logic';
  const file = await readJson('@aave/core-v3', `artifacts/contracts/${folder}/${name}.sol/${name}.json`);
  return { bytecode: file.bytecode, links: file.linkReferences };
}

async function listReserves1(chain, { admin, asset, collateral }, { deploy, provider, pool, configurator }) {
  const [aToken, stable, variable] = [
    await deploy('AToken', '(address)', [pool]),
    await deploy('StableDebtToken', '(address)', [pool]),
    await deploy('VariableDebtToken', '(address)', [pool]),
  ];
  const percent = (value) => (value * RAY) / 100n;
  const strategy = await deploy('DefaultReserveInterestRateStrategy',
    '(address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256)',
    [provider, percent(80n), 0n, percent(4n), percent(60n), percent(4n), percent(60n), percent(1n), percent(8n), percent(20n)]);
  const reserve = (token, decimals) => [
    aToken, stable, variable, decimals, strategy, token, TREASURY, NONE, 'a', 'a', 'v', 'v', 's', 's', '0x',
  ];
  const input = '(address,address,address,uint8,address,address,address,address,string,string,string,string,string,string,bytes)';
  await chain.configure(admin, configurator, `initReserves(${input}[])`, [[reserve(asset, 6), reserve(collateral, 18)]]);
}

const RELEASE_1 = {
  title: 'Aave v3 (1.19.3)',
  pool: 'Pool',
  configurator: 'PoolConfigurator',
  code: built,
  libraries: ['SupplyLogic', 'BorrowLogic', 'LiquidationLogic', 'EModeLogic', 'BridgeLogic', 'PoolLogic', 'ConfiguratorLogic', 'FlashLoanLogic'],
  poolArguments: async (_deploy, provider) => ['(address)', [provider]],
  initializeImplementations: true,
  listReserves: listReserves1,
  multicall: false,
};

export const deployAave1 = (chain, stage) => deployRelease(chain, stage, RELEASE_1);
export const measureAave1 = (chain, stage) => measureRelease(chain, stage, RELEASE_1);

// --- 3.6.0

const PATHS_36 = {
  PoolAddressesProvider: 'protocol/configuration', ACLManager: 'protocol/configuration', AaveOracle: 'misc',
  MockAggregator: 'mocks/oracle/CLAggregators', PoolInstance: 'instances', PoolConfiguratorInstance: 'instances',
  ATokenInstance: 'instances', VariableDebtTokenInstance: 'instances', DefaultReserveInterestRateStrategyV2: 'misc',
};
const LIBRARIES_36 = ['BorrowLogic', 'FlashLoanLogic', 'LiquidationLogic', 'PoolLogic', 'SupplyLogic', 'ConfiguratorLogic'];
const sourceOf = (name) => `aave/src/contracts/${PATHS_36[name] ?? 'protocol/libraries/logic'}/${name}.sol`;

async function compiled(name) {
  const openZeppelin = path.join(root, 'node_modules/@openzeppelin/contracts');
  const upgradeable = await packageFolder('@openzeppelin/contracts-upgradeable');
  const contracts = await compile({
    version: '0.8.27',
    entries: [...LIBRARIES_36, ...Object.keys(PATHS_36)].map(sourceOf),
    remappings: [
      ['aave/', await packageFolder('@aave-dao/aave-v3-origin')],
      ['openzeppelin-contracts/contracts/', openZeppelin],
      ['openzeppelin-contracts-upgradeable/contracts/', upgradeable],
      ['@openzeppelin/contracts/', openZeppelin],
      ['solidity-utils/', path.join(await packageFolder('@bgd-labs/solidity-utils'), 'src')],
    ],
    settings: { evmVersion: 'shanghai', optimizer: { enabled: true, runs: 200 }, metadata: { bytecodeHash: 'none' } },
  });
  return contracts[`${sourceOf(name)}:${name}`];
}

async function listReserves36(chain, { admin, asset, collateral }, { deploy, pool, configurator }) {
  const aToken = await deploy('ATokenInstance', '(address,address,address)', [pool, NONE, TREASURY]);
  const variable = await deploy('VariableDebtTokenInstance', '(address,address)', [pool, NONE]);
  // Parts of 10,000: used to 80 %, then steeply dearer.
  const rates = `0x${encode('((uint16,uint32,uint32,uint32))', [[8_000n, 0n, 400n, 6_000n]])}`;
  const reserve = (token) => [aToken, variable, token, 'a', 'a', 'v', 'v', '0x', rates];
  const input = '(address,address,address,string,string,string,string,bytes,bytes)';
  await chain.configure(admin, configurator, `initReserves(${input}[])`, [[reserve(asset), reserve(collateral)]]);
}

const RELEASE_36 = {
  title: 'Aave v3.6 (3.6.0)',
  pool: 'PoolInstance',
  configurator: 'PoolConfiguratorInstance',
  code: compiled,
  libraries: LIBRARIES_36,
  poolArguments: async (deploy, provider) => [
    '(address,address)', [provider, await deploy('DefaultReserveInterestRateStrategyV2', '(address)', [provider])],
  ],
  initializeImplementations: false,
  listReserves: listReserves36,
  multicall: true,
};

export const deployAave36 = (chain, stage) => deployRelease(chain, stage, RELEASE_36);
export const measureAave36 = (chain, stage) => measureRelease(chain, stage, RELEASE_36);
