// Packs the files of the built web app beside themselves (.br and .gz), and says how much script the first page loads.
// With --budget it only measures, and fails above the limit.
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'web', 'dist')
const PACKED = /\.(html|js|mjs|css|svg|json|webmanifest|txt|map|wasm)$/
/** Smaller files gain less than their headers cost. */
const LEAST = 512
/** Script that the first page loads, bytes by gzip. */
const BUDGET = 200_000

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* files(path)
    else if (entry.isFile()) yield path
  }
}

function pack(path) {
  const plain = readFileSync(path)
  const forms = [
    ['.br', brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } })],
    ['.gz', gzipSync(plain, { level: 9 })],
  ]
  for (const [end, bytes] of forms) {
    if (bytes.length < plain.length) writeFileSync(path + end, bytes)
    else rmSync(path + end, { force: true })
  }
}

/** Scripts that the page names, and what they import at once. */
function firstScripts() {
  const seen = new Set()
  const queue = [...readFileSync(join(dist, 'index.html'), 'utf8').matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1])
  while (queue.length > 0) {
    const name = queue.pop()
    if (seen.has(name)) continue
    seen.add(name)
    const text = readFileSync(join(dist, name), 'utf8')
    for (const match of text.matchAll(/(?:^|[;}\n])(?:import|export)\s*(?:[\w*{][^'"();]*?from\s*)?["']\.\/([^"']+\.js)["']/g)) queue.push(`assets/${match[1]}`)
  }
  return [...seen]
}

if (!process.argv.includes('--budget')) {
  for (const path of [...files(dist)]) {
    if (PACKED.test(path) && statSync(path).size >= LEAST) pack(path)
  }
}
const sizes = firstScripts().map((name) => [name, gzipSync(readFileSync(join(dist, name)), { level: 9 }).length])
const total = sizes.reduce((sum, [, size]) => sum + size, 0)
console.log(`${relative(process.cwd(), dist)}: the first page loads ${(total / 1000).toFixed(1)} kB of script by gzip, in ${sizes.length} files`)
if (process.argv.includes('--budget') && total > BUDGET) {
  for (const [name, size] of sizes.sort((a, b) => b[1] - a[1])) console.error(`  ${(size / 1000).toFixed(1)} kB  ${name}`)
  console.error(`more than ${BUDGET / 1000} kB: load later what the first page does not need`)
  process.exit(1)
}
