// Makes the chain state with the real lending protocols, see venues.sh. What deploys them is what the gas figures are made with.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { deployAave1, deployAave36 } from '../bench/gas/aave.mjs';
import { Chain, DAY } from '../bench/gas/chain.mjs';
import { MARKET, deployment as deployMorpho } from '../bench/gas/morpho.mjs';
import { root } from '../bench/gas/paths.mjs';
import { approve, setStage } from '../bench/gas/stage.mjs';
import { deployment as deployVenus } from '../bench/gas/venus.mjs';

const ASSET = 10n ** 6n;
const COLLATERAL = 10n ** 18n;
const WAD = 10n ** 18n;
const VARIABLE = 2n;
/** Lent to each venue, and borrowed there by one other. */
const LENT = 1_000_000n * ASSET;
const BORROWED = 550_000n * ASSET;
/** The rate of Morpho's own mock is the share that is lent: a quarter keeps it below what states let anybody ask for. */
const BORROWED_AT_MORPHO = 250_000n * ASSET;
const PLEDGED = 500n * COLLATERAL;
/** Odd, so that indexes and shares have digits that a wrong rounding shows in. */
const HISTORY = 37 * DAY + 12_345;
const BLOCKS = 97;
/** Of the first block: in the past, so that the chain can be brought to the present time of who uses it. */
const START = 1_760_000_000;
const folder = path.join(root, 'target', 'venues');

/** Every file that decides what the state is; packages are pinned in one of them. */
function fingerprint() {
  const hash = createHash('sha256');
  const files = ['aave', 'abi', 'chain', 'morpho', 'packages', 'solidity', 'stage', 'venus'].map((name) => `bench/gas/${name}.mjs`);
  for (const file of [...files, 'bench/gas/packages.json', 'contracts/abi/DevToken.json', 'scripts/venues.mjs']) {
    hash.update(fs.readFileSync(path.join(root, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function aave(chain, stage, deploy) {
  const { admin, asset, collateral, lender, nextLender } = stage;
  const { pool, provider, oracle, feeds, configurator } = await deploy(chain, stage);
  await approve(chain, stage, pool);
  // Caps in whole tokens.
  for (const [token, supply, borrow] of [[asset, 5_000_000n, 900_000n], [collateral, 20_000n, 10_000n]]) {
    await chain.configure(admin, configurator, 'setSupplyCap(address,uint256)', [token, supply]);
    await chain.configure(admin, configurator, 'setBorrowCap(address,uint256)', [token, borrow]);
  }
  const supply = 'supply(address,uint256,address,uint16)';
  await chain.send(lender, pool, supply, [asset, LENT, lender, 0n]);
  await chain.send(nextLender, pool, supply, [collateral, PLEDGED, nextLender, 0n]);
  await chain.send(nextLender, pool, 'borrow(address,uint256,uint256,uint16,address)', [asset, BORROWED, VARIABLE, 0n, nextLender]);
  return { pool, provider, oracle, assetFeed: feeds[0], collateralFeed: feeds[1], configurator };
}

async function morpho(chain, stage) {
  const { admin, lender, nextLender } = stage;
  const { morpho: contract, oracle, irm, market, id } = await deployMorpho(chain, stage);
  await approve(chain, stage, contract);
  await chain.configure(admin, contract, 'setFeeRecipient(address)', [admin]);
  await chain.configure(admin, contract, `setFee(${MARKET},uint256)`, [market, WAD / 10n]);
  await chain.send(lender, contract, `supply(${MARKET},uint256,uint256,address,bytes)`, [market, LENT, 0n, lender, '0x']);
  await chain.send(nextLender, contract, `supplyCollateral(${MARKET},uint256,address,bytes)`, [market, PLEDGED, nextLender, '0x']);
  await chain.send(nextLender, contract, `borrow(${MARKET},uint256,uint256,address,address)`, [market, BORROWED_AT_MORPHO, 0n, nextLender, nextLender]);
  return { morpho: contract, oracle, irm, lltv: String(market[4]), id };
}

async function venus(chain, stage) {
  const { admin, lender, nextLender } = stage;
  const { comptroller, oracle, irm, vAsset, vCollateral } = await deployVenus(chain, stage);
  await approve(chain, stage, vAsset, vCollateral);
  await chain.send(lender, vAsset, 'mint(uint256)', [LENT]);
  await chain.send(nextLender, vCollateral, 'mint(uint256)', [PLEDGED]);
  await chain.send(nextLender, comptroller, 'enterMarkets(address[])', [[vCollateral]]);
  await chain.send(nextLender, vAsset, 'borrow(uint256)', [BORROWED]);
  return { admin, comptroller, oracle, irm, vAsset, vCollateral };
}

async function make(stateFile) {
  const chain = await Chain.start({ start: START });
  try {
    const stage = await setStage(chain);
    const { asset, collateral, admin, lender, nextLender, liquidator, first, second } = stage;
    await chain.send(admin, collateral, 'mint(address,uint256)', [nextLender, 4n * PLEDGED]);
    const venues = {
      aave1: await aave(chain, stage, deployAave1),
      aave36: await aave(chain, stage, deployAave36),
      morpho: await morpho(chain, stage),
      venus: await venus(chain, stage),
    };
    await chain.at(HISTORY);
    await chain.rpc('anvil_mine', [`0x${BLOCKS.toString(16)}`]);
    // A payment to each market, so that its books are not those of its first day.
    const { aave1, aave36 } = venues;
    for (const { pool } of [aave1, aave36]) {
      await chain.send(nextLender, pool, 'repay(address,uint256,uint256,address)', [asset, 1_234_567n, VARIABLE, nextLender]);
    }
    await chain.send(nextLender, venues.venus.vAsset, 'repayBorrow(uint256)', [1_234_567n]);
    const market = [asset, collateral, venues.morpho.oracle, venues.morpho.irm, BigInt(venues.morpho.lltv)];
    await chain.send(nextLender, venues.morpho.morpho, `repay(${MARKET},uint256,uint256,address,bytes)`, [market, 1_234_567n, 0n, nextLender, '0x']);
    await chain.at(HISTORY + 12_321);
    await chain.rpc('anvil_mine', ['0x7']);
    const dumped = await chain.rpc('anvil_dumpState', []);
    fs.writeFileSync(stateFile, gunzipSync(Buffer.from(dumped.slice(2), 'hex')));
    const chainId = Number(await chain.rpc('eth_chainId', []));
    return { chainId, asset, collateral, people: { admin, lender, nextLender, liquidator, first, second }, ...venues };
  } finally {
    chain.stop();
  }
}

fs.mkdirSync(folder, { recursive: true });
const key = fingerprint();
const [described, stateFile] = [path.join(folder, `${key}.json`), path.join(folder, `${key}.state`)];
if (!fs.existsSync(described)) {
  // Others may do the same at this moment: each writes files of its own and the last one stays; they say the same.
  const part = `${stateFile}.${process.pid}`;
  const addresses = await make(part);
  fs.renameSync(part, stateFile);
  fs.writeFileSync(`${described}.${process.pid}`, JSON.stringify({ ...addresses, state: stateFile }, null, 2));
  fs.renameSync(`${described}.${process.pid}`, described);
}
console.log(fs.readFileSync(described, 'utf8'));
