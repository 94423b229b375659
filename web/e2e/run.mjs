// Runs every *.journey.mjs of this folder in chromium against a real `usance dev`.
//
//   node web/e2e/run.mjs [name ...]
//
// USANCE_BIN       the binary (target/debug/usance)
// USANCE_CHROMIUM  the browser (/usr/bin/chromium)
// SCREENS          a folder: screenshots are written there

import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { startWorld } from './world.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const wanted = process.argv.slice(2)
const files = readdirSync(here)
  .filter((name) => name.endsWith('.journey.mjs') && (wanted.length === 0 || wanted.some((part) => name.startsWith(part))))
  .sort()

let failed = 0
let passed = 0
const world = await startWorld()
try {
  for (const file of files) {
    const { journeys } = await import(pathToFileURL(join(here, file)).href)
    for (const [name, run] of Object.entries(journeys)) {
      const started = Date.now()
      try {
        await run(world)
        passed += 1
        console.log(`ok    ${file.replace('.journey.mjs', '')}: ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
      } catch (error) {
        failed += 1
        console.log(`FAIL  ${file.replace('.journey.mjs', '')}: ${name}\n${error.stack ?? error}`)
        await world.picture(`failed-${name.replaceAll(/\W+/g, '-')}`)
      } finally {
        await world.closePages()
      }
    }
  }
} finally {
  await world.stop()
}
console.log(`${passed} journeys passed, ${failed} failed`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)
