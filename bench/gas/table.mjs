// Turns figures into tables for people, and puts them between the markers of docs/gas.md.
import fs from 'node:fs';

export const ROWS = [
  ['lendFirst', "lender's money in, first lender"],
  ['lendNext', "lender's money in, next lender"],
  ['originateFirst', 'origination, first borrower'],
  ['originateSteady', 'origination, next borrower'],
  ['originateBatched', '  the same in one transaction'],
  ['originateAgain', '  the same borrower again'],
  ['installment', 'installment, partial repayment'],
  ['payOff', 'full repayment, collateral back'],
  ['payOffBatched', '  the same in one transaction'],
  ['liquidateHalf', 'liquidation of half the debt'],
  ['liquidateWhole', 'liquidation of all of it'],
];

const thousands = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ',');
const cell = (figure) => {
  if (!figure) return '-';
  return figure.transactions > 1 ? `${thousands(figure.gas)} (${figure.transactions})` : thousands(figure.gas);
};

/** Columns as wide as their widest cell; the first to the left, the others to the right. Valid Markdown as it stands. */
export function markdown(header, lines) {
  const all = [header, ...lines];
  const widths = header.map((_, column) => Math.max(...all.map((line) => line[column].length)));
  const row = (line) => `| ${line.map((text, column) => (column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [row(header), rule, ...lines.map(row)].join('\n');
}

export const sideBySide = (columns) =>
  markdown(
    ['gas (transactions)', ...columns.map(({ title }) => title)],
    [
      ...ROWS.map(([key, what]) => [what, ...columns.map(({ figures }) => cell(figures[key]))]),
      ['contracts deployed', ...columns.map(({ deployment }) => String(deployment.contracts))],
      ['gas to deploy and configure', ...columns.map(({ deployment }) => thousands(deployment.gas))],
      ['runtime of the core, bytes', ...columns.map(({ deployment }) => thousands(deployment.runtimeBytes))],
    ],
  );

/** How many times our gas the peers take. */
export function factors(own, peers) {
  const rows = ROWS.filter(([key]) => own.figures[key]?.gas > 0);
  const times = (figure, base) => (figure ? `${(figure.gas / base.gas).toFixed(2)}` : '-');
  return markdown(
    [`times ${own.title}`, ...peers.map(({ title }) => title)],
    rows.map(([key, what]) => [what, ...peers.map(({ figures }) => times(figures[key], own.figures[key]))]),
  );
}

/** What we promised: row, what it is, the most it may be. Liquidation needs a price rule, the others do not. */
const TARGETS = [
  ['originateFirst', 'origination, first of a lender', 155_000],
  ['originateSteady', 'origination, steady', 120_000],
  ['installment', 'installment', 62_000],
  ['payOff', 'full repayment with release', 78_000],
  ['liquidateWhole', 'liquidation, whole', 95_000],
  ['liquidateHalf', 'liquidation, part', 95_000],
];

export const targets = (plain, priced) =>
  markdown(
    ['target', 'measured', 'at most', 'verdict'],
    TARGETS.map(([key, what, most]) => {
      const { gas } = plain.figures[key] ?? priced.figures[key];
      return [what, thousands(gas), thousands(most), gas <= most ? 'met' : `missed by ${thousands(gas - most)}`];
    }),
  );

export const quotedTable = (quoted, rows) =>
  markdown(
    ['quoted, not run here', ...quoted.map(({ title }) => title)],
    rows.map(([key, what]) => [what, ...quoted.map(({ figures }) => cell(figures[key]))]),
  );

/** Where the gas of our steps goes; the rows add up to the receipts. */
export function breakdownTable(list) {
  const kinds = [...new Set(list.flatMap(({ parts }) => Object.keys(parts)))];
  return markdown(
    ['gas for', ...list.map(({ what }) => what)],
    [
      ...kinds.map((kind) => [kind, ...list.map(({ parts }) => (kind in parts ? thousands(parts[kind]) : '-'))]),
      ['receipt', ...list.map(({ gas }) => thousands(gas))],
    ],
  );
}

const signed = (value) => `${value < 0 ? '-' : '+'}${thousands(Math.abs(value))}`;

/** What each part costs: alone in a transaction, and beside the figure it is compared with. */
export const partsTable = (parts) =>
  markdown(
    ['part', 'gas', 'compared with', 'difference'],
    parts.map(({ what, gas, base }) => [what, thousands(gas), base ? base.what : '', base ? signed(gas - base.gas) : '']),
  );

/** The document with new text between `<!-- name -->` and `<!-- /name -->`. */
export function between(document, name, text) {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [document.indexOf(open), document.indexOf(close)];
  if (from < 0 || to < from) throw new Error(`the document has no ${open} … ${close}`);
  return `${document.slice(0, from + open.length)}\n${text}\n${document.slice(to)}`;
}

/** Writes the file, or with `check` throws when it would change. */
export function writeDocument(file, sections, check) {
  const before = fs.readFileSync(file, 'utf8');
  const after = Object.entries(sections).reduce((text, [name, body]) => between(text, name, body), before);
  if (before === after) return;
  if (check) throw new Error(`${file} differs from what is measured; run make bench-gas`);
  fs.writeFileSync(file, after);
}
