// Compiles a protocol with the compiler version it asks for. The output is kept under target, named by the hash of the input.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { packageFolder } from './packages.mjs';
import { cache, root } from './paths.mjs';

const require = createRequire(path.join(root, 'package.json'));

/** Sources by import path, the entries' own imports included. `remappings`: import prefix to folder, longest first. */
function gather(entries, remappings) {
  const sources = {};
  const locate = (name) => {
    const [prefix, folder] = remappings.find(([start]) => name.startsWith(start)) ?? [];
    if (!prefix) throw new Error(`no remapping for ${name}`);
    return path.join(folder, name.slice(prefix.length));
  };
  const visit = (name) => {
    if (sources[name]) return;
    const content = fs.readFileSync(locate(name), 'utf8');
    sources[name] = { content };
    const code = content.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    for (const [, imported] of code.matchAll(/\bimport\b[^;]*?["']([^"']+)["']\s*;/g)) {
      visit(imported.startsWith('.') ? path.posix.join(path.posix.dirname(name), imported) : imported);
    }
  };
  entries.forEach(visit);
  return sources;
}

/** The workspace's own compiler, or another version behind its interface. */
async function compilerOf(version) {
  const own = require('solc');
  if (own.version().startsWith(`${version}+`)) return own;
  return require('solc/wrapper')(require(path.join(await packageFolder('solc', version), 'soljson.js')));
}

/** `{ 'path:Contract': { bytecode, links } }`; `links` as the compiler gives them. */
export async function compile({ version, entries, remappings, settings }) {
  const input = {
    language: 'Solidity',
    sources: gather(entries, remappings),
    settings: { ...settings, outputSelection: { '*': { '*': ['evm.bytecode.object', 'evm.bytecode.linkReferences'] } } },
  };
  const text = JSON.stringify(input);
  const file = path.join(cache, 'compiled', `${createHash('sha256').update(version).update(text).digest('hex')}.json`);
  if (!fs.existsSync(file)) {
    process.stderr.write(`compiling ${Object.keys(input.sources).length} files with solc ${version}\n`);
    const compiler = await compilerOf(version);
    const output = JSON.parse(compiler.compile(text));
    const failures = (output.errors ?? []).filter(({ severity }) => severity === 'error');
    if (failures.length > 0) throw new Error(failures.map(({ formattedMessage }) => formattedMessage).join('\n'));
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(`${file}.part`, JSON.stringify(output.contracts));
    fs.renameSync(`${file}.part`, file);
  }
  const contracts = JSON.parse(fs.readFileSync(file, 'utf8'));
  const named = {};
  for (const [source, byName] of Object.entries(contracts)) {
    for (const [name, { evm }] of Object.entries(byName)) {
      named[`${source}:${name}`] = { bytecode: `0x${evm.bytecode.object}`, links: evm.bytecode.linkReferences };
    }
  }
  return named;
}

/** Creation code with the addresses of its libraries, `{ BorrowLogic: '0x…' }`. */
export function link({ bytecode, links = {} }, libraries) {
  let code = bytecode;
  for (const byName of Object.values(links)) {
    for (const [name, places] of Object.entries(byName)) {
      const address = libraries[name];
      if (!address) throw new Error(`library ${name} is not deployed yet`);
      for (const { start } of places) {
        const at = 2 + start * 2;
        code = code.slice(0, at) + address.slice(2).toLowerCase() + code.slice(at + 40);
      }
    }
  }
  return code;
}
