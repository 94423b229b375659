// Makes the compact file of names from the list as the US Treasury publishes it (a US government work, public domain):
// node compliance/data/make-ofac.mjs <folder with sdn.csv and alt.csv>
// names.tsv: entry, type (I individual, E entity), kind (P primary, A alias, F former, N now known as, W weak alias), name.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [folder] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));

function rows(path) {
  const text = readFileSync(path, "utf8");
  const out = [];
  let row = [], cell = "", quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') { cell += c; i++; }
      else if (c === '"') quoted = false;
      else cell += c;
    } else if (c === '"') quoted = true;
    else if (c === ",") { row.push(cell.trim()); cell = ""; }
    else if (c === "\n") { row.push(cell.trim()); out.push(row); row = []; cell = ""; }
    else if (c !== "\r" && c !== "\x1a") cell += c;
  }
  if (cell || row.length) { row.push(cell.trim()); out.push(row); }
  return out.filter((r) => r.length > 1);
}

const clean = (name) => {
  if (/[\t\n]/.test(name)) throw new Error(`control character in ${name}`);
  return name.replace(/\s+/g, " ");
};
const types = new Map();
const lines = [];
for (const row of rows(join(folder, "sdn.csv"))) {
  const [entry, name, type] = row;
  if (type === "vessel" || type === "aircraft") continue; // no borrower is a ship
  const letter = type === "individual" ? "I" : "E";
  types.set(entry, letter);
  lines.push([entry, letter, "P", clean(name)]);
  for (const [, weak] of (row[11] ?? "").matchAll(/\ba\.k\.a\. '([^']+)'/g)) lines.push([entry, letter, "W", clean(weak)]);
}
const kinds = { aka: "A", fka: "F", nka: "N" };
for (const [entry, , kind, name] of rows(join(folder, "alt.csv"))) {
  if (!types.has(entry)) continue;
  if (!kinds[kind]) throw new Error(`unknown kind ${kind}`);
  lines.push([entry, types.get(entry), kinds[kind], clean(name)]);
}
writeFileSync(join(here, "names.tsv"), lines.map((l) => l.join("\t") + "\n").join(""));
