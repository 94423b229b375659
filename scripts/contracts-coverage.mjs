// What scripts/contracts-coverage.sh runs before and after forge.
//
//   contracts-coverage.mjs prepare <folder>   copies what forge needs into the folder, the sources made measurable
//   contracts-coverage.mjs report <lcov>      prints a table; fails unless all of contracts/src was run, or what was not stands in
//                                             contracts/coverage-exclusions.json with the reason why it cannot be
//
// An exclusion is {file, code, missing, reason}: code and missing as the report prints them, so that lines may move. One that is no
// longer true is a failure too.
//
// forge counts an `if` without `else` as one branch, which is run when the condition held, and does not look into `?:`, `&&` and `||`.
// In the copy each such `if` has an `else` that does nothing, and the condition of each `?:` and the operands of each `&&` and `||` pass
// through a function of their own, which branches. So each of them has to be seen true and false. Lines stay where they are.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(path.join(root, 'package.json'));
const ours = 'contracts/src';
const exclusionsFile = 'contracts/coverage-exclusions.json';
const otherwise = ' else { uint256 untaken; }';
/** Tests that have no place in a build without optimization, or run the same lines again. */
const leftOut = [
  /^symbolic\//, // Proved by halmos, nothing that forge runs.
  /Invariants\.t\.sol$/, // Minutes of tracing; what they reach the tests of the entry points reach.
  /^oracle\/Shipped\.t\.sol$/, // The tests beside it once more, on other bytecode.
  /^pool\/PoolHookGas\.t\.sol$/, // Compares gas with a limit for the bytecode that ships.
];

const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');

function solidityFiles(folder) {
  return fs.readdirSync(path.join(root, folder), { recursive: true })
    .map((file) => file.split(path.sep).join('/')).filter((file) => file.endsWith('.sol')).sort();
}

// --- The sources

/** Syntax trees of contracts/src, by file. */
function parse() {
  const sources = Object.fromEntries(solidityFiles(ours).map((file) => [`${ours}/${file}`, { content: read(`${ours}/${file}`) }]));
  const settings = { stopAfter: 'parsing', outputSelection: { '*': { '': ['ast'] } } };
  const find = (file) => ({ contents: read(path.join('node_modules', file)) });
  const input = JSON.stringify({ language: 'Solidity', sources, settings });
  const output = JSON.parse(require('solc').compile(input, { import: find }));
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'));
  return new Map(Object.keys(sources).map((file) => [file, output.sources[file].ast]));
}

function* nodesOf(node) {
  if (Array.isArray(node)) for (const child of node) yield* nodesOf(child);
  else if (node && typeof node === 'object') {
    if (node.nodeType) yield node;
    for (const child of Object.values(node)) yield* nodesOf(child);
  }
}

const placeOf = (node) => node.src.split(':').map(Number);
const isLogic = ({ nodeType, operator }) => nodeType === 'BinaryOperation' && (operator === '&&' || operator === '||');
const unwrapped = (node) => (node.nodeType === 'TupleExpression' && node.components.length === 1 ? unwrapped(node.components[0]) : node);

/** The conditions within expressions, without those that are made of others. */
function conditionsIn(tree) {
  const partsOf = (node) => {
    if (node.nodeType === 'Conditional') return [node.condition];
    return isLogic(node) ? [node.leftExpression, node.rightExpression] : [];
  };
  return [...nodesOf(tree)].flatMap(partsOf).map(unwrapped).filter((node) => !isLogic(node));
}

/** The source in which every condition can be seen to have been true and false. */
function measurable(file, tree) {
  // Positions in the tree count bytes.
  const bytes = Buffer.from(read(file));
  const insertions = [];
  // One line each after the last; forge does not look at functions outside of contracts.
  const library = `Conditions_${path.basename(file, '.sol')}`;
  const answer = '{ if (held) { return true; } else { return false; } }';
  const helpers = [];
  for (const node of nodesOf(tree)) {
    if (node.nodeType !== 'IfStatement' || node.falseBody) continue;
    const [start, length] = placeOf(node.trueBody);
    // A statement ends before its semicolon.
    const [rest] = /^\s*;?/.exec(bytes.toString('latin1', start + length));
    insertions.push([start + length + (rest.endsWith(';') ? rest.length : 0), otherwise]);
  }
  for (const node of conditionsIn(tree)) {
    const [start, length] = placeOf(node);
    const name = `c${helpers.length}`;
    insertions.push([start, `${library}.${name}(`], [start + length, ')']);
    helpers.push(`function ${name}(bool held) internal pure returns (bool) ${answer}\n`);
  }
  const parts = [];
  let from = 0;
  for (const [place, text] of insertions.sort(([a], [b]) => a - b)) {
    parts.push(bytes.subarray(from, place), Buffer.from(text));
    from = place;
  }
  const end = helpers.length > 0 ? `library ${library} {\n${helpers.join('')}}\n` : '';
  return Buffer.concat([...parts, bytes.subarray(from), Buffer.from(end)]);
}

function prepare(folder) {
  const target = path.resolve(root, folder);
  fs.rmSync(target, { recursive: true, force: true });
  const write = (file, content, mode) => {
    fs.mkdirSync(path.dirname(path.join(target, file)), { recursive: true });
    fs.writeFileSync(path.join(target, file), content, { mode });
  };
  for (const [file, tree] of parse()) write(file, measurable(file, tree));
  const tests = solidityFiles('contracts/test').filter((file) => !leftOut.some((pattern) => pattern.test(file)));
  for (const file of tests) write(`contracts/test/${file}`, read(`contracts/test/${file}`));
  write('foundry.toml', read('foundry.toml'));
  write('scripts/solc', read('scripts/solc'), 0o755);
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(target, 'node_modules'));
}

// --- The report

/** Per file, how often each line and each outcome of a branch was run; the branch's outcome 0 is that the condition held. */
function readLcov(text) {
  const files = new Map();
  let file;
  const add = (counts, key, hits) => counts.set(key, (counts.get(key) ?? 0) + (Number(hits) || 0));
  for (const entry of text.split('\n')) {
    const [, kind, value] = /^(\w+):(.*)$/.exec(entry.trim()) ?? [];
    if (kind === 'SF') {
      if (!files.has(value)) files.set(value, { lines: new Map(), branches: new Map() });
      file = files.get(value);
    } else if (kind === 'DA') {
      const [line, hits] = value.split(',');
      add(file.lines, line, hits);
    } else if (kind === 'BRDA') {
      const [line, branch, outcome, hits] = value.split(',');
      add(file.branches, `${line} ${branch} ${outcome}`, hits);
    }
  }
  return files;
}

/** What was not run in a file, after its lines and branches were sorted from those that only the copy has. */
function examine(file, tree, { lines, branches }) {
  const bytes = Buffer.from(read(file));
  const source = bytes.toString().split('\n');
  const lineOf = (node) => bytes.toString('latin1', 0, placeOf(node)[0]).split('\n').length;
  const conditions = conditionsIn(tree);
  const gaps = [];
  const total = { lines: 0, branches: 0, conditions: 2 * conditions.length };
  const add = (kind, line, missing, code = source[line - 1].trim()) => gaps.push({ file, kind, line, missing, code });
  for (const [key, hits] of lines) {
    const line = Number(key);
    // The functions at the end, and an `else` after a block.
    if (line >= source.length || source[line - 1].trim() === '}') continue;
    total.lines += 1;
    if (hits === 0) add('lines', line, 'not run');
  }
  const branching = new Set();
  const outcomes = new Map();
  for (const [key, hits] of branches) {
    const [line, , outcome] = key.split(' ').map(Number);
    outcomes.set(`${line} ${outcome}`, hits);
    if (line >= source.length) continue;
    branching.add(line);
    total.branches += 1;
    if (hits === 0) add('branches', line, `branch ${outcome} not run`);
  }
  for (const node of nodesOf(tree)) {
    if (node.nodeType === 'IfStatement' && !branching.has(lineOf(node))) add('branches', lineOf(node), 'not measured');
  }
  conditions.forEach((node, index) => {
    const [start, length] = placeOf(node);
    const code = bytes.toString('utf8', start, start + length).replace(/\s+/g, ' ');
    ['never true', 'never false'].forEach((missing, outcome) => {
      if (!outcomes.get(`${source.length + 1 + index} ${outcome}`)) add('conditions', lineOf(node), missing, code);
    });
  });
  return { file, total, gaps };
}

const hasCode = (tree) => [...nodesOf(tree)].some((node) => node.body?.statements?.length > 0);

function printTable(results) {
  const kinds = ['lines', 'branches', 'conditions'];
  const percent = (all, missing) => (all > 0 ? `${(100 * (all - missing) / all).toFixed(2)} %` : '');
  const part = (all, missing) => `${all - missing}/${all}`.padStart(11) + percent(all, missing).padStart(10);
  const row = (name, some) => console.log(name.padEnd(26) + kinds.map((kind) => part(
    some.reduce((sum, { total }) => sum + total[kind], 0),
    some.reduce((sum, { gaps }) => sum + gaps.filter((gap) => gap.kind === kind).length, 0),
  )).join(''));
  console.log(ours.padEnd(26) + kinds.map((kind) => kind.padStart(21)).join(''));
  for (const result of results) row(result.file.slice(ours.length + 1), [result]);
  row('all', results);
}

function report(lcov) {
  const counts = readLcov(fs.readFileSync(lcov, 'utf8'));
  const trees = [...parse()];
  const results = trees.filter(([file]) => counts.has(file)).map(([file, tree]) => examine(file, tree, counts.get(file)));
  printTable(results);
  const gaps = results.flatMap((result) => result.gaps);
  const { exclusions } = JSON.parse(read(exclusionsFile));
  const covers = (exclusion, gap) => ['file', 'code', 'missing'].every((key) => exclusion[key] === gap[key]);
  const open = gaps.filter((gap) => !exclusions.some((exclusion) => covers(exclusion, gap)));
  const problems = [
    ...open.map(({ file, line, missing, code }) => `${file}:${line}: ${missing}: ${code}`),
    ...trees.filter(([file, tree]) => hasCode(tree) && !counts.has(file)).map(([file]) => `${file}: has code, was not measured`),
    ...exclusions.filter(({ reason }) => !reason).map(({ file, code }) => `${exclusionsFile}: no reason for ${file}: ${code}`),
    ...exclusions.filter((exclusion) => !gaps.some((gap) => covers(exclusion, gap)))
      .map(({ file, code, missing }) => `${exclusionsFile}: no longer true: ${file}: ${missing}: ${code}`),
  ];
  for (const problem of problems) console.log(problem);
  console.log(`coverage: ${gaps.length - open.length} excluded with a reason, ${problems.length} problems`);
  if (problems.length > 0) process.exitCode = 1;
}

const [command, argument] = process.argv.slice(2);
if (command === 'prepare' && argument) prepare(argument);
else if (command === 'report' && argument) report(argument);
else throw new Error('usage: contracts-coverage.mjs prepare <folder> | report <lcov>');
