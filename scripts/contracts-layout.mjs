// The namespaced storage (ERC-7201) of every contract behind a proxy, compared with the previous release.
//
//   contracts-layout.mjs --check      fails unless each layout only appends to contracts/layout/<Name>.json
//   contracts-layout.mjs --release    writes contracts/layout from the sources; the same comparison comes first
//   contracts-layout.mjs --self-test  shows that the comparison refuses broken layouts
//   contracts-layout.mjs --print      what the sources have now
//
// A layout is that of the struct marked `@custom:storage-location erc7201:<id>`; the compiler lays out a probe that holds it. Fields
// may be renamed when contracts/layout/renames.json says so.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = process.env.USANCE_LAYOUT_ROOT ?? path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(path.join(root, 'package.json'));
const { keccak256 } = require('js-sha3');
const folder = path.join(root, 'contracts', 'layout');
const renamesFile = path.join(folder, 'renames.json');
const ours = 'contracts/src/';

// --- What the sources have

function readSources() {
  const sources = {};
  const add = (file) => {
    if (sources[file]) return;
    const content = fs.readFileSync(path.join(root, file.startsWith('@') ? 'node_modules' : '', file), 'utf8');
    sources[file] = { content };
    for (const [, imported] of content.matchAll(/^\s*import\b[^;"]*"([^"]+)"\s*;/gm)) {
      add(imported.startsWith('.') ? path.posix.join(path.posix.dirname(file), imported) : imported);
    }
  };
  for (const file of fs.readdirSync(path.join(root, ours), { recursive: true })) {
    if (file.endsWith('.sol')) add(ours + file.split(path.sep).join('/'));
  }
  return sources;
}

function compile(sources, selection) {
  const solc = require('solc');
  const settings = { evmVersion: 'cancun', viaIR: true, outputSelection: { '*': selection } };
  const output = JSON.parse(solc.compile(JSON.stringify({ language: 'Solidity', sources, settings })));
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'));
  return output;
}

function* nodesOf(node) {
  if (Array.isArray(node)) for (const child of node) yield* nodesOf(child);
  else if (node && typeof node === 'object') {
    if (node.nodeType) yield node;
    for (const child of Object.values(node)) yield* nodesOf(child);
  }
}

/** ERC-7201: keccak256(keccak256(id) - 1) with the last byte cleared. */
function slotOf(namespace) {
  const inner = BigInt(`0x${keccak256(namespace)}`) - 1n;
  const outer = BigInt(`0x${keccak256(Buffer.from(inner.toString(16).padStart(64, '0'), 'hex'))}`);
  return `0x${((outer >> 8n) << 8n).toString(16).padStart(64, '0')}`;
}

/** Marked structs of our sources: where they are, and what the contract around them is called. */
function markedStructs(asts) {
  const found = [];
  for (const [source, ast] of Object.entries(asts)) {
    if (!source.startsWith(ours)) continue;
    for (const contract of ast.nodes.filter(({ nodeType }) => nodeType === 'ContractDefinition')) {
      for (const struct of contract.nodes.filter(({ nodeType }) => nodeType === 'StructDefinition')) {
        const namespace = /@?custom:storage-location erc7201:(\S+)/.exec(struct.documentation?.text ?? '')?.[1];
        if (namespace) found.push({ source, contract: contract.name, struct: struct.name, namespace, id: contract.id });
      }
    }
  }
  return found;
}

/** Contracts that share a proxy with a marked struct must keep nothing outside of it. */
function requireNoLooseStorage(asts, marked, layouts) {
  const owners = new Set(marked.map(({ id }) => id));
  for (const [source, ast] of Object.entries(asts)) {
    if (!source.startsWith(ours)) continue;
    for (const contract of ast.nodes.filter(({ nodeType }) => nodeType === 'ContractDefinition')) {
      if (!contract.linearizedBaseContracts.some((id) => owners.has(id))) continue;
      const loose = layouts[source][contract.name].storageLayout?.storage ?? [];
      if (loose.length > 0) {
        throw new Error(`${contract.name}: ${loose.map(({ label }) => label).join(', ')} lie outside of the namespaced struct`);
      }
    }
  }
}

const unqualified = (label) => label.replace(/\b(struct|enum|contract) (?:\w+\.)*(\w+)/g, '$1 $2').replace(/\b\w+\.(?=\w)/g, '');

/** The compiler's layout without the ids of its run: fields in order, and every struct that they lead to. */
function plainLayout({ storage, types }, { namespace, contract }) {
  const structs = {};
  const fieldsOf = (members) =>
    members.map(({ label, slot, offset, type }) => ({ name: label, type: nameOf(type), slot: Number(slot), offset, bytes: Number(types[type].numberOfBytes) }));
  const nameOf = (id) => {
    const type = types[id];
    const name = unqualified(type.label);
    for (const inner of [type.key, type.value, type.base]) if (inner) nameOf(inner);
    if (type.members && !structs[name]) {
      structs[name] = { bytes: Number(type.numberOfBytes), fields: [] };
      structs[name].fields = fieldsOf(type.members);
    }
    return name;
  };
  const top = types[storage[0].type];
  const fields = fieldsOf(top.members);
  return { contract, namespace, slot: slotOf(namespace), fields, structs };
}

export function currentLayouts() {
  const sources = readSources();
  const parsed = compile(sources, { '': ['ast'], '*': ['storageLayout'] });
  const asts = Object.fromEntries(Object.entries(parsed.sources).map(([source, { ast }]) => [source, ast]));
  const marked = markedStructs(asts);
  requireNoLooseStorage(asts, marked, parsed.contracts);
  const probes = marked.map(
    ({ source, contract, struct }, index) => `import { ${contract} as C${index} } from "/${source}";\ncontract Probe${index} { C${index}.${struct} internal held; }\n`,
  );
  const rooted = Object.fromEntries(Object.entries(sources).map(([file, source]) => [file.startsWith('@') ? file : `/${file}`, source]));
  const probe = `// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.30;\n${probes.join('')}`;
  const output = compile({ ...rooted, '/Probe.sol': { content: probe } }, { '*': ['storageLayout'] });
  const layouts = {};
  marked.forEach((each, index) => {
    const layout = plainLayout(output.contracts['/Probe.sol'][`Probe${index}`].storageLayout, each);
    const name = each.namespace.split('.').at(-1);
    if (layouts[name]) throw new Error(`${each.namespace} is the namespace of ${layouts[name].contract} and of ${each.contract}`);
    if (!sources[each.source].content.includes(layout.slot)) {
      throw new Error(`${each.source}: no constant ${layout.slot}, which is the slot of ${each.namespace}`);
    }
    layouts[name] = layout;
  });
  return layouts;
}

// --- Comparison

/** Why `now` cannot take over storage that `before` wrote; empty when it can. */
export function incompatibilities(name, before, now, renames = {}) {
  if (!now) return [`${name}: the namespace ${before.namespace} is gone`];
  const wrong = [];
  if (before.namespace !== now.namespace || before.slot !== now.slot) wrong.push(`${name}: the namespace moved`);
  compareFields(name, before.fields, now.fields);
  for (const [struct, { bytes, fields }] of Object.entries(before.structs)) {
    const other = now.structs[struct];
    if (!other) wrong.push(`${name}: ${struct} is gone`);
    else {
      compareFields(`${name}: ${struct}`, fields, other.fields);
      // As an element of an array a larger struct would shift its neighbors; as a value of a mapping it has none.
      if (bytes !== other.bytes && inArray(before, struct)) wrong.push(`${name}: ${struct} grew inside an array`);
    }
  }
  return wrong;

  function compareFields(where, old, present) {
    old.forEach((field, index) => {
      const other = present[index];
      const expected = renames[`${where.replace(': struct ', '.')}.${field.name}`] ?? field.name;
      if (!other) wrong.push(`${where}: ${field.name} is gone`);
      else if (other.name !== expected) wrong.push(`${where}: ${other.name} stands where ${field.name} was`);
      else if (other.type !== field.type) wrong.push(`${where}: ${field.name} was ${field.type} and is ${other.type}`);
      else if (other.slot !== field.slot || other.offset !== field.offset) wrong.push(`${where}: ${field.name} moved`);
      else if (other.bytes !== field.bytes && !field.type.startsWith('struct ')) wrong.push(`${where}: ${field.name} has another size`);
    });
  }
}

function inArray({ fields, structs }, struct) {
  const all = [fields, ...Object.values(structs).map((each) => each.fields)].flat();
  return all.some(({ type }) => type.includes(`${struct}[`));
}

const committed = () =>
  Object.fromEntries(
    fs.existsSync(folder)
      ? fs
          .readdirSync(folder)
          .filter((file) => file.endsWith('.json') && file !== path.basename(renamesFile))
          .map((file) => [path.basename(file, '.json'), JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8'))])
      : [],
  );

function compareAll(before, now, renames) {
  const wrong = Object.entries(before).flatMap(([name, layout]) => incompatibilities(name, layout, now[name], renames[name]));
  const fresh = Object.keys(now).filter((name) => !before[name]);
  return { wrong, fresh };
}

// --- The comparison must be able to fail

const sample = () => ({
  namespace: 'n',
  slot: '0x00',
  contract: 'C',
  fields: [
    { name: 'policy', type: 'struct Policy', slot: 0, offset: 0, bytes: 32 },
    { name: 'loans', type: 'mapping(bytes32 => Loan)', slot: 1, offset: 0, bytes: 32 },
    { name: 'list', type: 'struct Item[]', slot: 2, offset: 0, bytes: 32 },
    { name: 'small', type: 'uint64', slot: 3, offset: 0, bytes: 8 },
    { name: 'next', type: 'uint64', slot: 3, offset: 8, bytes: 8 },
  ],
  structs: {
    'struct Policy': {
      bytes: 32,
      fields: [
        { name: 'owner', type: 'address', slot: 0, offset: 0, bytes: 20 },
        { name: 'paused', type: 'bool', slot: 0, offset: 20, bytes: 1 },
      ],
    },
    'struct Item': { bytes: 32, fields: [{ name: 'value', type: 'uint256', slot: 0, offset: 0, bytes: 32 }] },
  },
});

function selfTest() {
  const broken = {
    'a field removed': (layout) => layout.fields.splice(1, 1),
    'the last field removed': (layout) => layout.fields.pop(),
    'two fields swapped': (layout) => layout.fields.splice(0, 2, layout.fields[1], layout.fields[0]),
    'a field inserted': (layout) => layout.fields.splice(1, 0, { ...layout.fields[3], name: 'inserted' }),
    'a field of another type': (layout) => (layout.fields[3].type = 'uint32'),
    'a mapping to another type': (layout) => (layout.fields[1].type = 'mapping(bytes32 => uint256)'),
    'a field moved within its slot': (layout) => (layout.fields[4].offset = 16),
    'a field moved to another slot': (layout) => (layout.fields[4].slot = 4),
    'a field renamed without a word': (layout) => (layout.fields[4].name = 'other'),
    'another size under the same name': (layout) => (layout.fields[3].bytes = 4),
    'a member of an inner struct removed': (layout) => layout.structs['struct Policy'].fields.shift(),
    'a member of an inner struct inserted': (layout) =>
      layout.structs['struct Policy'].fields.unshift({ name: 'first', type: 'bool', slot: 0, offset: 0, bytes: 1 }),
    'an inner struct gone': (layout) => delete layout.structs['struct Item'],
    'a struct grown inside an array': (layout) => (layout.structs['struct Item'].bytes = 64),
    'another namespace': (layout) => (layout.namespace = 'm'),
    'another slot': (layout) => (layout.slot = '0x01'),
  };
  const sound = {
    'the same': () => {},
    'a field appended': (layout) => layout.fields.push({ name: 'added', type: 'uint256', slot: 4, offset: 0, bytes: 32 }),
    'a member appended to an inner struct': (layout) =>
      layout.structs['struct Policy'].fields.push({ name: 'added', type: 'bool', slot: 0, offset: 21, bytes: 1 }),
  };
  const failures = [];
  const wrongAfter = (change) => {
    const layout = sample();
    change(layout);
    return incompatibilities('C', sample(), layout);
  };
  for (const [what, change] of Object.entries(broken)) if (wrongAfter(change).length === 0) failures.push(`accepted: ${what}`);
  for (const [what, change] of Object.entries(sound)) if (wrongAfter(change).length > 0) failures.push(`refused: ${what}`);
  if (incompatibilities('C', sample(), undefined).length === 0) failures.push('accepted: the contract gone');
  const renamed = sample();
  renamed.fields[4].name = 'other';
  if (incompatibilities('C', sample(), renamed, { 'C.next': 'other' }).length > 0) failures.push('refused: a rename that was declared');
  if (failures.length > 0) throw new Error(failures.join('\n'));
  return Object.keys(broken).length + 1;
}

// --- Command line

const mode = process.argv[2] ?? '--check';
try {
  const cases = selfTest();
  if (mode === '--self-test') console.log(`layout: ${cases} broken layouts are refused`);
  else if (!['--check', '--release', '--print'].includes(mode)) throw new Error(`usage: contracts-layout.mjs --check | --release | --self-test | --print`);
  else {
    const now = currentLayouts();
    if (mode === '--print') console.log(JSON.stringify(now, null, 2));
    else {
      const renames = fs.existsSync(renamesFile) ? JSON.parse(fs.readFileSync(renamesFile, 'utf8')) : {};
      const { wrong, fresh } = compareAll(committed(), now, renames);
      if (mode === '--check') wrong.push(...fresh.map((name) => `${name}: no snapshot; run scripts/contracts-layout.sh --release`));
      if (wrong.length > 0) throw new Error(`storage does not follow the previous release:\n  ${wrong.join('\n  ')}`);
      if (mode === '--release') {
        fs.mkdirSync(folder, { recursive: true });
        for (const [name, layout] of Object.entries(now)) fs.writeFileSync(path.join(folder, `${name}.json`), `${JSON.stringify(layout, null, 2)}\n`);
      }
      console.log(`layout: ${Object.keys(now).join(', ')} follow the previous release`);
    }
  }
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
