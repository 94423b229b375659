// The report of the mutation tests: a table from the results of the last full run and an answer to each survivor.
import fs from 'node:fs';
import path from 'node:path';

/** Percent of the valid mutants that are not equivalent to the original. */
const BAR = 95;
const HEAD = `# Mutation tests of the contracts

Made by \`scripts/contracts-mutation.sh\`; not edited by hand. The answers to the survivors are those of [survivors.json](survivors.json).

A mutant is the source with one small fault. It is killed when a test fails on it. All mutants of a source are compiled at once, each
behind a switch that reads \`block.coinbase\`; the unchanged tests then deploy that build once per mutant. With no mutant chosen every
test passes on it. Operators: boundary and negation of comparisons, arithmetic and bitwise operators, \`&&\` and \`||\`, constants ± 1,
conditions forced to true and to false, checks removed, statements (events too) deleted, modifiers removed, rounding and min/max
swapped, values returned. Mutants that do not compile are left out of all figures. A mutant that runs for more than three minutes counts as killed and has its own column.

Equivalent means that no input tells the mutant from the original, or only the gas does. The first score counts killed of all that
were run, the second one leaves the equivalent ones out.
`;

/** What was left out, if anything. */
function sampleOf({ made, all }) {
  if (made === all) return 'Every mutant was run.';
  return `${all} of ${made} were run: a sample, drawn by the hash of each mutant's name, so neither by place nor by operator. A source that is missing was not run at all.`;
}

/** @returns Exit status: 0 when the bar is met and every survivor is answered. */
export function writeReport(root, work, batches) {
  const answers = JSON.parse(fs.readFileSync(path.join(root, 'contracts/mutation/survivors.json'), 'utf8'));
  const answerOf = new Map(answers.flatMap((answer) => answer.mutants.map((name) => [name, answer])));
  const rows = [];
  const unanswered = [];
  const stale = new Set(answerOf.keys());
  let invalid = 0;
  let valid = 0;
  let killed = 0;
  let equivalent = 0;
  for (const [batch, { units }] of Object.entries(batches)) {
    const folder = path.join(work, batch);
    const resultsFile = path.join(work, `${batch}-results.json`);
    if (!fs.existsSync(resultsFile)) {
      console.log(`mutation: ${batch} was not run`);
      continue;
    }
    const list = JSON.parse(fs.readFileSync(path.join(folder, 'mutants.json'), 'utf8'));
    const results = JSON.parse(fs.readFileSync(resultsFile, 'utf8'));
    invalid += list.invalid;
    for (const unit of units) {
      const row = { unit, made: 0, all: 0, killed: 0, late: 0, equivalent: 0, alive: 0 };
      for (const { name, line, source } of list.mutants.filter((each) => each.unit === unit)) {
        row.made += 1;
        if (results[name]?.source !== source) continue;
        const { verdict } = results[name];
        row.all += 1;
        if (verdict === 'killed') row.killed += 1;
        else if (verdict === 'time out') row.late += 1;
        else if (answerOf.get(name)?.equivalent) row.equivalent += 1;
        else row.alive += 1;
        if (verdict !== 'survived') continue;
        stale.delete(name);
        if (!answerOf.has(name)) unanswered.push(`${unit}.sol:${line} ${name}`);
      }
      rows.push(row);
      valid += row.all;
      killed += row.killed + row.late;
      equivalent += row.equivalent;
    }
  }
  const percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(1)} %` : '-');
  const line = (name, { made, all, killed: dead, late, equivalent: same, alive }) =>
    `| ${name} | ${made} | ${all} | ${dead} | ${late} | ${same} | ${alive} | ${percent(dead + late, all)} | ${percent(dead + late, all - same)} |`;
  const total = rows.reduce((sum, row) => Object.fromEntries(Object.keys(row).map((key) => [key, key === 'unit' ? '' : (sum[key] ?? 0) + row[key]])), {});
  const table = ['| Source | Valid mutants | Run | Killed | Timed out | Survived, equivalent | Survived, other | Killed of run | … of those not equivalent |',
    '|---|--:|--:|--:|--:|--:|--:|--:|--:|', ...rows.map((row) => line(row.unit, row)), line('**All**', total)];
  const listed = (wanted) => answers.filter((answer) => Boolean(answer.equivalent) === wanted).flatMap((answer) => {
    const names = answer.mutants.filter((name) => !stale.has(name));
    return names.length ? [`- ${answer.reason}`, ...names.map((name) => `  - \`${name}\``)] : [];
  });
  const text = [HEAD, ...table, '', `${invalid} more mutants do not compile.`, sampleOf(total), '', '## Survivors that are equivalent', '', ...listed(true), '',
    '## Survivors that are not', '', ...listed(false), ...unanswered.map((name) => `- Without an answer: \`${name}\``), ''].join('\n');
  fs.writeFileSync(path.join(root, 'contracts/mutation/report.md'), text);
  unanswered.forEach((name) => console.log(`without an answer: ${name}`));
  const score = (100 * killed) / (valid - equivalent);
  console.log(`mutation: ${killed} of ${valid} mutants that were run killed, ${equivalent} equivalent: ${score.toFixed(1)} % of the others, at least ${BAR} % wanted`);
  return score >= BAR && !unanswered.length ? 0 : 1;
}
