// Gas of our contracts and of their peers in one run: prints the tables of docs/gas.md and writes them there.
//   --json   prints the figures for programs and writes nothing
//   --check  writes nothing and fails when docs/gas.md would change
//   --only <name>,…  runs some of the columns and writes nothing
import { measureAave1, measureAave36 } from './aave.mjs';
import { measureBreakdown } from './breakdown.mjs';
import { Chain } from './chain.mjs';
import { measure as measureMorpho } from './morpho.mjs';
import { measureParts } from './parts.mjs';
import { document } from './paths.mjs';
import { QUOTED, QUOTED_ROWS } from './quoted.mjs';
import { setStage } from './stage.mjs';
import { breakdownTable, factors, partsTable, quotedTable, sideBySide, targets, writeDocument } from './table.mjs';
import { measurePlain, measurePriced } from './usance.mjs';
import { measure as measureVenus } from './venus.mjs';

const COLUMNS = {
  usance: measurePlain,
  priced: measurePriced,
  morpho: measureMorpho,
  aave36: measureAave36,
  aave: measureAave1,
  venus: measureVenus,
};

/** Runs on a new chain, so that no column depends on another. */
async function onOwnChain(measure, options) {
  const chain = await Chain.start(options);
  try {
    return await measure(chain, await setStage(chain));
  } finally {
    chain.stop();
  }
}

const option = (name) => process.argv.includes(`--${name}`);
const only = option('only') ? process.argv[process.argv.indexOf('--only') + 1].split(',') : [...Object.keys(COLUMNS), 'breakdown', 'parts'];

const measured = {};
for (const [name, measure] of Object.entries(COLUMNS)) {
  if (only.includes(name)) measured[name] = await onOwnChain(measure);
}
const columns = Object.values(measured);
const spent = only.includes('breakdown') ? await onOwnChain(measureBreakdown, { traced: true }) : [];
const parts = only.includes('parts') ? await onOwnChain(measureParts) : [];

if (option('json')) {
  console.log(JSON.stringify({ columns, breakdown: spent, parts, quoted: QUOTED }, null, 2));
} else {
  const { usance, priced, ...peers } = measured;
  const texts = {};
  if (usance && priced) texts.targets = targets(usance, priced);
  texts['side by side'] = sideBySide(columns);
  if (priced) texts.times = factors(priced, Object.values(peers));
  texts.quoted = quotedTable(QUOTED, QUOTED_ROWS);
  texts.breakdown = breakdownTable(spent);
  texts.parts = partsTable(parts);
  console.log(Object.values(texts).join('\n\n'));
  texts.quoted += `\n\n${QUOTED.map(({ title, source }) => `- **${title}**: ${source}.`).join('\n')}`;
  if (!option('only')) writeDocument(document, texts, option('check'));
}
