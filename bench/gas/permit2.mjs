// Permit2 as it runs on public chains: compiled from the sources that Uniswap ships inside @uniswap/v4-periphery with the settings
// of its repository. Its address is the hash of its creation code, so coming out at the public address proves every byte.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { hash } from './abi.mjs';
import { packageFolder } from './packages.mjs';
import { cache } from './paths.mjs';
import { compile } from './solidity.mjs';

export const PERMIT2 = '0x000000000022d473030f116ddee9f6b43ac78ba3';
const FACTORY = '0x4e59b44847b379578588920ca78fbf26c0b4956c';
const SALT = '0000000000000000000000000000000000000000d3af2663da51c10215000000';

/** Creation code of Permit2; throws when it is not the public one. */
export async function permit2Code() {
  const folder = path.join(await packageFolder('@uniswap/v4-periphery'), 'lib/permit2');
  const contracts = await compile({
    version: '0.8.17',
    entries: ['src/Permit2.sol'],
    remappings: [['src/', path.join(folder, 'src')], ['solmate/', path.join(folder, 'lib/solmate')]],
    settings: { evmVersion: 'london', viaIR: true, optimizer: { enabled: true, runs: 1_000_000 }, metadata: { bytecodeHash: 'none' } },
  });
  const { bytecode } = contracts['src/Permit2.sol:Permit2'];
  const address = `0x${hash(`ff${FACTORY.slice(2)}${SALT}${hash(bytecode).slice(2)}`).slice(26)}`;
  if (address !== PERMIT2) throw new Error(`this code would be at ${address}, Permit2 is at ${PERMIT2}`);
  return bytecode;
}

/** Deploys it where everybody expects it. */
export async function deployPermit2(chain, from) {
  const receipt = await chain.sendRaw(from, FACTORY, `0x${SALT}${(await permit2Code()).slice(2)}`);
  if ((await chain.codeBytes(PERMIT2)) === 0) throw new Error('Permit2 is not where it should be');
  return Number(receipt.gasUsed);
}

// Run by itself it writes what a contract test needs: factory call data, to be sent to the CREATE2 deployer.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = path.join(cache, 'permit2.json');
  fs.writeFileSync(file, `${JSON.stringify({ address: PERMIT2, factory: FACTORY, callData: `0x${SALT}${(await permit2Code()).slice(2)}` })}\n`);
  console.log(path.relative(process.cwd(), file));
}
