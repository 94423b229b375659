// Mutation testing of the contracts, see contracts/mutation/report.md.
//
//   contracts-mutation.mjs [Name...]   runs the mutants of these sources, by default all; results so far are kept
//   contracts-mutation.mjs --report    writes contracts/mutation/report.md from the results; fails below the bar
//
// All mutants of a source are compiled at once (contracts-mutants.mjs) and the unchanged tests run against that build once per
// mutant, chosen by forge's --block-coinbase. Mutant 0 is the original and must pass.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BASE, SWITCH, SWITCH_SOURCE, Schemata, declare } from './contracts-mutants.mjs';
import { writeReport } from './contracts-mutation-report.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(path.join(root, 'package.json'));
const SRC = 'contracts/src/';
const WORK = path.join(root, 'target', 'mutation');
const COMPILER = path.join(WORK, 'solc');
const SHIPPED = path.join(root, 'target', 'forge', 'out');
const WORKERS = Number(process.env.MUTATION_WORKERS ?? 2);
const FUZZ_RUNS = process.env.MUTATION_FUZZ_RUNS ?? '32';
const SAMPLE = Number(process.env.MUTATION_SAMPLE ?? 100);
const TIMEOUT_SECONDS = 180;

/** Contracts of tests that measure gas, which the switches cost. */
const MEASURE_GAS = ['PoolHookGasTest'];

const EVERYTHING_ELSE = '{contracts/test/oracle/*,contracts/test/pool/*,contracts/test/symbolic/*}';
const SYMBOLIC = 'contracts/test/symbolic/*';
/** Sources that are compiled together, into what; tests that run, as a pattern and what it leaves out; more tests for survivors. */
const BATCHES = {
  core: {
    units: ['CreditAggregator', 'CreditServicing', 'CreditBase', 'Origination', 'LoanMath', 'OfferHash', 'OfferWords', 'PackedLoan',
      'PackedPolicy', 'PackedTerms', 'Signatures', 'Tokens', 'CollateralManager'],
    contracts: ['CreditAggregator', 'CreditServicing', 'CollateralManager'],
    tests: ['contracts/test/*.t.sol', EVERYTHING_ELSE],
    slow: ['{contracts/test/Invariants.t.sol,contracts/test/pool/PoolEndToEnd.t.sol}', SYMBOLIC],
  },
  scoring: {
    units: ['CreditScoringOracle'],
    contracts: ['CreditScoringOracle'],
    tests: ['{contracts/test/oracle/Shipped.t.sol,contracts/test/Originate.t.sol}', SYMBOLIC],
  },
  prices: { units: ['PriceOracle'], contracts: ['PriceOracle'], tests: ['contracts/test/oracle/Shipped.t.sol', SYMBOLIC] },
  pool: {
    units: ['pool/CreditPool', 'pool/PoolBooks', 'pool/PoolFactory', 'pool/PoolPolicy', 'pool/PoolQueue', 'pool/ShareMath', 'pool/Tranche'],
    contracts: ['pool/CreditPool', 'pool/Tranche', 'pool/PoolFactory'],
    tests: ['contracts/test/pool/*.t.sol', SYMBOLIC],
    slow: ['contracts/test/pool/PoolInvariants.t.sol', SYMBOLIC],
  },
};

// --- Compiling

const OPTIMIZER = { enabled: true, runs: 1 };

function readSources(contracts) {
  const sources = {};
  const add = (file) => {
    if (sources[file]) return;
    const content = fs.readFileSync(path.join(root, file.startsWith('@') ? 'node_modules' : '', file), 'latin1');
    sources[file] = { content };
    for (const [, imported] of content.matchAll(/^(?:import\b|\})[^;"]*"([^"]+)"\s*;/gm)) {
      add(imported.startsWith('.') ? path.posix.join(path.posix.dirname(file), imported) : imported);
    }
  };
  contracts.forEach((name) => add(`${SRC}${name}.sol`));
  return sources;
}

function compile(sources, selection) {
  const solc = require('solc');
  // The compiler takes UTF-8; the sources are kept with one character per byte.
  const utf8 = Object.entries(sources).map(([file, { content }]) => [file, { content: Buffer.from(content, 'latin1').toString('utf8') }]);
  const settings = { viaIR: true, evmVersion: 'cancun', optimizer: OPTIMIZER, outputSelection: selection, metadata: { appendCBOR: false, bytecodeHash: 'none' } };
  const output = JSON.parse(solc.compile(JSON.stringify({ language: 'Solidity', sources: Object.fromEntries(utf8), settings })));
  return { output, errors: (output.errors ?? []).filter((each) => each.severity === 'error') };
}

/** The sources with the mutants of some of them, all of which compile, and the list of them. */
function instrument(units, originals) {
  const { output, errors } = compile(originals, { '*': { '': ['ast'] } });
  if (errors.length) throw new Error(errors[0].formattedMessage);
  const declarations = declare(output.sources, SRC);
  const skip = new Set();
  for (let round = 0; round < 20; ++round) {
    const sources = { [SRC + SWITCH]: { content: SWITCH_SOURCE } };
    const mutants = [];
    let number = 0;
    for (const [file, { content }] of Object.entries(originals)) {
      sources[file] = { content };
      if (!file.startsWith(SRC)) continue;
      const name = file.slice(SRC.length).replace(/\.sol$/, '');
      const depth = name.split('/').length - 1;
      const schemata = new Schemata(name, content, declarations, { nextNumber: () => ++number, skip, active: units.includes(name) });
      sources[file].content = schemata.instrument(output.sources[file].ast, depth ? '../'.repeat(depth) : './');
      mutants.push(...schemata.mutants);
    }
    const found = compile(sources, { '*': { '': ['ast'] } }).errors;
    if (!found.length) return { sources, mutants: named(mutants), invalid: skip.size };
    for (const error of found) skip.add(mutantAt(sources, error));
  }
  throw new Error(`${units}: does not compile`);
}

/** Each mutant with a name that outlives other changes of the source. */
function named(mutants) {
  const seen = {};
  return mutants.map((mutant) => {
    const name = `${mutant.unit} ${mutant.scope} ${mutant.operator}: ${mutant.change}`;
    seen[name] = (seen[name] ?? 0) + 1;
    return { ...mutant, name: seen[name] === 1 ? name : `${name} (${seen[name]})` };
  });
}

/** The mutant that an error is about: the one around its place, else the first one in it. */
function mutantAt(sources, error) {
  const { file, start, end } = error.sourceLocation ?? {};
  const { content } = sources[file] ?? { content: '' };
  const marks = [...content.matchAll(/\/\*<(\d+)\*\/[^]*?\/\*>\*\//g)];
  const around = marks.find((each) => each.index <= start && each.index + each[0].length >= end);
  const within = marks.find((each) => each.index >= start && each.index < end);
  if (!around && !within) throw new Error(error.formattedMessage);
  return Number((around ?? within)[1]);
}

/** Writes the artifacts of the build with the mutants beside those of the shipped one; tests deploy from there. */
function build(batch, units, folder) {
  const { contracts } = BATCHES[batch];
  const originals = readSources(contracts);
  const tool = fs.readFileSync(path.join(root, 'scripts', 'contracts-mutants.mjs'), 'utf8');
  const hash = createHash('sha256').update(JSON.stringify([tool, units, originals, OPTIMIZER])).digest('hex');
  const listFile = path.join(folder, 'mutants.json');
  if (fs.existsSync(listFile)) {
    const known = JSON.parse(fs.readFileSync(listFile, 'utf8'));
    if (known.hash === hash) return known;
  }
  const { sources, mutants, invalid } = instrument(units, originals);
  fs.rmSync(folder, { recursive: true, force: true });
  for (const [file, { content }] of Object.entries(sources)) {
    if (!file.startsWith(SRC)) continue;
    fs.mkdirSync(path.join(folder, 'src', path.dirname(file.slice(SRC.length))), { recursive: true });
    fs.writeFileSync(path.join(folder, 'src', file.slice(SRC.length)), content, 'latin1');
  }
  const wanted = ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'];
  const selection = Object.fromEntries(contracts.map((name) => [`${SRC}${name}.sol`, { [path.posix.basename(name)]: wanted }]));
  const { output, errors } = compile(sources, selection);
  if (errors.length) throw new Error(errors[0].formattedMessage);
  fs.cpSync(SHIPPED, path.join(folder, 'out'), { recursive: true });
  for (const name of contracts) {
    const base = path.posix.basename(name);
    const { abi, evm } = output.contracts[`${SRC}${name}.sol`][base];
    const code = ({ object }) => ({ object: `0x${object}`, linkReferences: {} });
    const artifact = { abi, bytecode: code(evm.bytecode), deployedBytecode: code(evm.deployedBytecode) };
    fs.writeFileSync(path.join(folder, 'out', `${base}.sol`, `${base}.json`), JSON.stringify(artifact));
  }
  const result = { batch, hash, invalid, mutants };
  fs.writeFileSync(listFile, JSON.stringify(result, null, 1));
  return result;
}

// --- Running

/** @returns {Promise<{verdict: string, by: string}>} */
function runTests(folder, number, [match, exclude], invariants) {
  const failures = path.join(folder, `failures-${number}`);
  // Each run writes its cache of compiled files: two that share one destroy it. The original runs alone and compiles for all.
  const shared = path.join(root, 'target', 'forge', 'test-cache');
  const cache = number ? path.join(folder, `cache-${number}`) : shared;
  if (number) fs.cpSync(shared, cache, { recursive: true });
  const env = {
    ...process.env,
    FOUNDRY_PROFILE: 'test',
    FOUNDRY_SOLC: COMPILER,
    FOUNDRY_CACHE_PATH: path.relative(root, cache),
    FOUNDRY_FUZZ_RUNS: FUZZ_RUNS,
    FOUNDRY_FUZZ_FAILURE_PERSIST_DIR: failures,
    FOUNDRY_INVARIANT_RUNS: '4',
    FOUNDRY_INVARIANT_FAILURE_PERSIST_DIR: failures,
    USANCE_ARTIFACTS: path.relative(root, path.join(folder, 'out')),
  };
  const coinbase = `0x${(BASE + BigInt(number)).toString(16).padStart(40, '0')}`;
  const leftOut = [...MEASURE_GAS, ...(invariants ? [] : ['Invariants'])];
  const args = ['test', '--fail-fast', '--code-size-limit', '10000000', '--fuzz-seed', '0x1', '--threads', '1', '--block-coinbase', coinbase,
    '--match-path', match, '--no-match-path', exclude, '--no-match-contract', leftOut.join('|')];
  return new Promise((resolve, reject) => {
    const child = spawn(process.env.FORGE, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    child.stdout.on('data', (data) => { out += data; });
    child.stderr.on('data', (data) => { out += data; });
    const timer = setTimeout(() => child.kill('SIGKILL'), (number ? TIMEOUT_SECONDS : 3600) * 1000);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      for (const left of number ? [failures, cache] : [failures]) fs.rmSync(left, { recursive: true, force: true });
      const failed = /\[FAIL[^\n]*\] (\w+)\(/.exec(out);
      const suite = failed && out.slice(0, failed.index).split(/Ran \d+ tests? for /).pop().split('\n')[0].split(':').pop();
      if (signal) resolve({ verdict: 'time out', by: '' });
      else if (failed) resolve({ verdict: 'killed', by: `${suite}.${failed[1]}` });
      else if (code === 0 && /tests? passed/.test(out)) resolve({ verdict: 'survived', by: '' });
      else reject(new Error(`${folder} ${number}: forge did not run\n${out.slice(-2000)}`));
    });
  });
}

/** A number from 0 to 100 that depends on the mutant alone: those below the percentage asked for make up a sample. */
function drawn(name) {
  return createHash('sha256').update(name).digest().readUInt32BE(0) / 2 ** 32 * 100;
}

async function inParallel(items, work) {
  const queue = [...items];
  await Promise.all(Array.from({ length: WORKERS }, async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  }));
}

async function runBatch(batch, units, folder) {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  const { mutants, invalid } = build(batch, units, folder);
  const { tests, slow } = BATCHES[batch];
  console.log(`${batch}: ${mutants.length} mutants, ${invalid} more do not compile; ready after ${seconds()}`);
  const resultsFile = path.join(folder, '..', `${path.basename(folder)}-results.json`);
  const results = fs.existsSync(resultsFile) ? JSON.parse(fs.readFileSync(resultsFile, 'utf8')) : {};
  for (const set of slow ? [tests, slow] : [tests]) {
    const original = await runTests(folder, 0, set, set === slow);
    if (original.verdict !== 'survived') throw new Error(`${batch}: the original fails ${original.by}`);
  }
  let done = 0;
  // What was killed stays so until its function changes. Survivors are tried again: there may be new tests.
  const isKnown = ({ name, source }) => results[name]?.source === source && results[name].verdict !== 'survived';
  const left = mutants.filter((each) => !isKnown(each) && drawn(each.name) < SAMPLE);
  // In the order of the draw, so that a run that is stopped leaves a sample behind.
  left.sort((a, b) => drawn(a.name) - drawn(b.name));
  await inParallel(left, async ({ name, number, source, line }) => {
    let result = await runTests(folder, number, tests, false);
    if (result.verdict === 'survived' && slow) result = await runTests(folder, number, slow, true);
    results[name] = { ...result, source };
    fs.writeFileSync(resultsFile, JSON.stringify(results, null, 1));
    if (result.verdict !== 'killed') console.log(`  ${result.verdict} #${number} line ${line}: ${name}`);
    if (++done % 50 === 0) console.log(`${batch}: ${done} of ${left.length} run in ${seconds()}`);
  });
  const verdicts = mutants.map(({ name, source }) => (results[name]?.source === source ? results[name].verdict : undefined)).filter(Boolean);
  const alive = verdicts.filter((verdict) => verdict === 'survived').length;
  console.log(`${batch}: ${verdicts.length - alive} of ${verdicts.length} killed in ${seconds()}`);
}

/** Forge asks the compiler for its version at each start, which the npm one takes a second to say. */
function writeCompiler() {
  fs.mkdirSync(WORK, { recursive: true });
  const real = path.join(root, 'scripts', 'solc');
  const version = execFileSync(real, ['--version'], { encoding: 'utf8' });
  fs.writeFileSync(COMPILER, `#!/bin/sh\nif [ "$1" = --version ]; then cat <<'END'\n${version}END\nelse exec '${real}' "$@"; fi\n`, { mode: 0o755 });
}

const names = process.argv.slice(2).filter((each) => !each.startsWith('--'));
const all = Object.values(BATCHES).flatMap(({ units }) => units);
const unknown = names.find((each) => !BATCHES[each] && !all.includes(each));
if (unknown) throw new Error(`no ${unknown}; there are ${Object.keys(BATCHES).join(', ')} and ${all.join(', ')}`);
if (!process.argv.includes('--report')) {
  writeCompiler();
  for (const name of names.length ? names : Object.keys(BATCHES)) {
    const batch = BATCHES[name] ? name : Object.keys(BATCHES).find((each) => BATCHES[each].units.includes(name));
    await runBatch(batch, name === batch ? BATCHES[batch].units : [name], path.join(WORK, name.replaceAll('/', '-')));
  }
}
if (!names.length) process.exitCode = writeReport(root, WORK, BATCHES);
