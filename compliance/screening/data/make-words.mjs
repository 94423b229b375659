// Makes words.tsv from the reference files of opensanctions/rigour (MIT): node make-words.mjs FOLDER > words.tsv
// One line per class: kind, class, then its spellings, separated by tabs and bars.
import { readFileSync } from "node:fs";

const folder = process.argv[2];
const read = (name) => JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8"));
const lines = [];
const clean = (s) => s.toLowerCase().replace(/[\t|\n]/g, " ").trim();
const put = (kind, name, words) => {
  const all = [...new Set(words.map(clean))].filter((w) => w.length > 0);
  if (all.length > 0) lines.push(`${kind}\t${name}\t${all.join("|")}`);
};

for (const form of read("org_types")) {
  put("legal", form.generic ?? form.compare ?? form.display ?? form.aliases[0], [
    ...form.aliases,
    ...(form.display ? [form.display] : []),
    ...(form.compare ? [form.compare] : []),
  ]);
}
const symbols = read("symbols");
for (const [kind, table] of [
  ["business", "org_domains"],
  ["business", "org_symbols"],
  ["variant", "person_symbols"],
  ["nick", "person_nick"],
]) {
  for (const [name, words] of Object.entries(symbols[table])) put(kind, name, words);
}
put("title", "TITLE", read("stopwords").person_name_prefixes);
lines.sort();
process.stdout.write(`# Facts from opensanctions/rigour (MIT); made by make-words.mjs\n${lines.join("\n")}\n`);
