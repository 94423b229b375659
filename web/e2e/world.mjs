// The marketplace, the browser, and what journeys need of them.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'
import { announceWallet } from './wallet.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
/** A busy machine. */
export const PATIENCE = Number(process.env.PATIENCE ?? 60_000)

/** `args`: more of them for `usance dev`; without the identity check where nothing else is said, which a journey of its own walks. */
export async function startWorld(args = ['--no-verify']) {
  const service = process.env.USANCE_WEB_URL === undefined ? await startService(args) : outside()
  const browser = await chromium.launch({
    executablePath: process.env.USANCE_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
  return new World(service, browser)
}

/** A service that runs already: for work on the app, not for the record. */
function outside() {
  return { url: process.env.USANCE_WEB_URL, facts: JSON.parse(readFileSync(process.env.USANCE_DEV_JSON, 'utf8')), stop: async () => {} }
}

async function freePort() {
  const server = createServer()
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address()
  await new Promise((done) => server.close(done))
  return port
}

async function startService(args) {
  const binary = process.env.USANCE_BIN ?? join(root, 'target/debug/usance')
  if (!existsSync(binary)) throw new Error(`${binary} is not there: build it, or name it in USANCE_BIN`)
  const folder = mkdtempSync(join(tmpdir(), 'usance-web-'))
  const port = await freePort()
  const child = spawn(binary, ['dev', '--listen', `127.0.0.1:${port}`, '--data-dir', folder, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  let ended = null
  child.stdout.on('data', (text) => (log += text))
  child.stderr.on('data', (text) => (log += text))
  child.on('exit', (code) => (ended = code))
  const file = join(folder, 'dev.json')
  const begun = Date.now()
  // The sample's table is printed when everything answers.
  while (!log.includes('Open http')) {
    if (ended !== null) throw new Error(`usance dev ended with ${ended}\n${log}`)
    if (Date.now() - begun > 4 * PATIENCE) throw new Error(`usance dev did not start\n${log}`)
    await new Promise((done) => setTimeout(done, 200))
  }
  const facts = JSON.parse(readFileSync(file, 'utf8'))
  const stop = async () => {
    const gone = new Promise((done) => child.on('exit', done))
    child.kill('SIGINT')
    await Promise.race([gone, new Promise((done) => setTimeout(done, 20_000))])
    if (ended === null) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  return { url: facts.url, facts, stop }
}

class World {
  constructor(service, browser) {
    this.url = service.url
    this.facts = service.facts
    this.service = service
    this.browser = browser
    this.contexts = []
    this.last = null
    this.screens = process.env.SCREENS
    if (this.screens !== undefined) mkdirSync(this.screens, { recursive: true })
  }

  /** A fresh browser of somebody; errors of the page fail the journey that looks at them. */
  async person({ wallet = null, viewport = { width: 1280, height: 860 }, locale = 'en-US', ...options } = {}) {
    const context = await this.browser.newContext({ viewport, locale, reducedMotion: 'reduce', ...options })
    context.setDefaultTimeout(PATIENCE)
    this.contexts.push(context)
    const page = await context.newPage()
    page.problems = []
    page.on('pageerror', (error) => page.problems.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && page.problems.push(message.text()))
    page.foreign = []
    page.on('request', (request) => !request.url().startsWith(this.url) && !/^(data|blob):/.test(request.url()) && page.foreign.push(request.url()))
    if (wallet !== null) await announceWallet(page, this.facts, wallet)
    this.last = page
    return page
  }

  /** No violation of WCAG 2.2 A and AA on this screen, in both themes; pictures of it when they are asked for. */
  async look(page, name, { pictures = true } = {}) {
    for (const scheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme: scheme })
      // Two frames: the colors are those of the theme from then on.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50)))))
      // From its beginning: what the header covers after scrolling can be scrolled out from under it.
      await page.evaluate(() => scrollTo(0, 0))
      // The axe of this repository, run from outside of the page's policy.
      await page.evaluate(`${AXE}; 0`)
      const found = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: tags }), TAGS)
      const told = found.violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => `${node.target} ${node.failureSummary}`).join(' | ')}`)
      if (told.length > 0) throw new Error(`${name} (${scheme}) breaks WCAG:\n${told.join('\n')}`)
      await this.shoot(page, `${name}-${scheme}`, pictures)
    }
    await page.emulateMedia({ colorScheme: 'light' })
  }

  /** At both widths nothing has to be scrolled sideways; pictures where there is a folder for them. */
  async shoot(page, name, pictures) {
    const before = page.viewportSize()
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: width === 360 ? 760 : 860 })
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      if (wide > 0) throw new Error(`${name} is ${wide} px wider than its window of ${width} px`)
      if (this.screens === undefined || !pictures) continue
      await page.evaluate(() => scrollTo(0, 0))
      await page.screenshot({ path: join(this.screens, `${name}-${width}.png`), fullPage: true })
    }
    await page.setViewportSize(before)
  }

  async picture(name) {
    if (this.last === null || this.last.isClosed()) return
    const folder = this.screens ?? tmpdir()
    const path = join(folder, `${name}.png`)
    await this.last.screenshot({ path, fullPage: true }).catch(() => {})
    console.log(`      ${path}\n      ${this.last.url()} ${this.last.problems.slice(0, 5).join('\n      ')}`)
  }

  async closePages() {
    for (const context of this.contexts.splice(0)) await context.close()
  }

  async stop() {
    await this.closePages()
    await this.browser.close()
    await this.service.stop()
  }
}
