// Protocols as their authors published them to npm, fetched when the figures are made and at no other time. Only the named
// files of a package are unpacked: `npm install` of the same list takes 290 packages and 553 MB.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { cache } from './paths.mjs';

const run = promisify(execFile);
const packages = JSON.parse(fs.readFileSync(new URL('packages.json', import.meta.url), 'utf8'));

/** Folder of a package, fetched if it is not there yet. */
export async function packageFolder(name, version) {
  const wanted = packages.find((entry) => entry.name === name && (!version || entry.version === version));
  if (!wanted) throw new Error(`${name}@${version ?? 'any'} is not listed in packages.json`);
  // The name holds what was asked for, so another version, content or list of files is another folder.
  const key = createHash('sha256').update(JSON.stringify(wanted)).digest('hex').slice(0, 12);
  const folder = path.join(cache, 'packages', `${name.replace('/', '+')}-${wanted.version}-${key}`);
  if (!fs.existsSync(folder)) await fetchInto(folder, wanted);
  return folder;
}

/** A JSON file of a package. */
export async function readJson(name, file) {
  return JSON.parse(fs.readFileSync(path.join(await packageFolder(name), file), 'utf8'));
}

async function fetchInto(folder, { name, version, integrity, keep }) {
  process.stderr.write(`fetching ${name}@${version}\n`);
  fs.mkdirSync(path.join(cache, 'packages'), { recursive: true });
  const work = fs.mkdtempSync(path.join(cache, 'fetch-'));
  try {
    await run('npm', ['pack', `${name}@${version}`, '--ignore-scripts', '--silent', '--pack-destination', work]);
    const [file] = fs.readdirSync(work);
    const tarball = path.join(work, file);
    const found = `sha512-${createHash('sha512').update(fs.readFileSync(tarball)).digest('base64')}`;
    if (found !== integrity) throw new Error(`${name}@${version} is ${found}, expected ${integrity}`);
    const unpacked = path.join(work, 'package');
    fs.mkdirSync(unpacked);
    await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', unpacked, ...keep.map((entry) => `package/${entry}`)]);
    fs.renameSync(unpacked, folder);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}
