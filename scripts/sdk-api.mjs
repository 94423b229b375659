#!/usr/bin/env node
// Writes provider-adapters/sdk/public-api.txt: the public interface of the provider SDK, one item a line, from its sources.
// With --check it compares: a change of the interface is seen in review, and is breaking when a line goes or changes.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../provider-adapters/sdk");
const listing = join(root, "public-api.txt");

const sources = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    const tests = /tests?\.rs$|samples\.rs$|tests\//.test(path);
    return entry.name.endsWith(".rs") && !tests ? [path] : [];
  });

// Text without comments, literals kept: braces in strings would count, so their content goes.
const plain = (text) =>
  text
    .replace(/\/\/[^\n]*/g, "")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/b?r#"[\s\S]*?"#/g, '""')
    .replace(/b?"(?:[^"\\]|\\[\s\S])*"/g, '""')
    .replace(/b?'(?:[^'\\]|\\.)'/g, "' '");

const line = (text) => text.replace(/\s+/g, " ").replace(/,\s*([)\]}>])/g, "$1").trim();

// The end of what starts at the brace at `open`.
const close = (text, open) => {
  let depth = 0;
  for (let i = open; i < text.length; i += 1) {
    if (text[i] === "{") depth += 1;
    if (text[i] === "}") depth -= 1;
    if (depth === 0) return i;
  }
  throw new Error("braces do not match");
};

// Where the head of an item ends: at the first `;` or `{` outside brackets.
const head = (text, from) => {
  let depth = 0;
  for (let i = from; i < text.length; i += 1) {
    if ("([".includes(text[i])) depth += 1;
    if (")]".includes(text[i])) depth -= 1;
    if (depth === 0 && (text[i] === ";" || text[i] === "{")) return i;
  }
  return text.length;
};

const members = (body) =>
  body
    .replace(/#\[[^\]]*\]/g, "")
    .split(/,(?![^<({[]*[>)}\]])/)
    .map(line)
    .filter(Boolean);

const items = (text, at) => {
  const found = [];
  const all = /(?:^|\n)[ \t]*(pub (?:const fn|async fn|fn|struct|enum|trait|type|const|static|mod|use)\b|impl\b)/g;
  let match;
  while ((match = all.exec(text))) {
    const from = match.index + match[0].length - match[1].length;
    if (/#\[cfg\((?:test|doctest)\)\]\s*$/.test(text.slice(0, from))) continue;
    // A list of names in braces belongs to the item.
    const end = match[1] === "pub use" ? text.indexOf(";", from) : head(text, from);
    const said = line(text.slice(from, end));
    if (match[1] === "impl") {
      const body = text.slice(end + 1, close(text, end));
      const of = said.replace(/^impl\s*/, "");
      if (/ for /.test(said)) found.push(`${at} ${said}`);
      else found.push(...items(body, `${at} ${of.replace(/^<[^>]*>\s*/, "")}::`));
      all.lastIndex = close(text, end);
      continue;
    }
    found.push(`${at} ${said}`);
    if (text[end] === "{" && /^pub (?:struct|enum|trait|mod)/.test(said)) {
      const stop = close(text, end);
      const body = text.slice(end + 1, stop);
      const name = said.match(/^pub \w+ (\w+)/)[1];
      if (/^pub struct/.test(said)) found.push(...members(body).filter((m) => m.startsWith("pub ")).map((m) => `${at} ${name}.${m}`));
      if (/^pub enum/.test(said)) found.push(...members(body).map((m) => `${at} ${name}::${m}`));
      if (/^pub trait/.test(said)) found.push(...(body.match(/(?:async )?fn [^;{]+/g) ?? []).map((m) => `${at} ${name}::${line(m)}`));
      if (/^pub mod/.test(said)) found.push(...items(body, `${at}::${name}`));
      all.lastIndex = stop;
    } else if (text[end] === "{") {
      all.lastIndex = close(text, end);
    }
  }
  return found;
};

const module = (path) =>
  `sdk::${relative(join(root, "src"), path).replace(/\.rs$/, "").replace(/(^|\/)(lib|mod)$/, "").replaceAll("/", "::")}`.replace(/::$/, "");

// The port and the canonical types are re-exported from the domain.
const DOMAIN = ["eligibility", "offer", "ports", "request"].map((name) => join(root, `../../domain/src/${name}.rs`));
const named = (path) => path.includes("/domain/src/") ? `domain::${path.match(/(\w+)\.rs$/)[1]}` : module(path);

const made = `${[...new Set([...sources(join(root, "src")), ...DOMAIN].flatMap((path) => items(plain(readFileSync(path, "utf8")), named(path))))].sort().join("\n")}\n`;
if (process.argv.includes("--check")) {
  const committed = readFileSync(listing, "utf8");
  if (committed !== made) {
    const [old, now] = [new Set(committed.split("\n")), new Set(made.split("\n"))];
    for (const item of old) if (!now.has(item)) console.error(`- ${item}`);
    for (const item of now) if (!old.has(item)) console.error(`+ ${item}`);
    console.error("the SDK's interface changed: run scripts/gen.sh; a line that goes or changes is a breaking change");
    process.exit(1);
  }
} else {
  writeFileSync(listing, made);
}
