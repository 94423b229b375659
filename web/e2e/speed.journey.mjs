// How fast the list of offers is, and how still. The quotes are real ones of this marketplace, told again a hundred times by a socket of ours.

import assert from 'node:assert/strict'
import { asked } from './borrower.journey.mjs'

/** Offers that are streamed. */
const COUNT = 100
/** From the arrival of the first quote to its pixels, milliseconds. */
const FIRST_RESULT = 100
/** From an interaction to the next paint, milliseconds. */
const NEXT_PAINT = 200
/** What a shift may come to by rounding of pixels. */
const STILL = 0.001

const HOSTILE = '<img src=x onerror="globalThis.broken=1"><script>globalThis.broken=1</script>\u202eevil javascript:alert(1)'

export const journeys = {
  async 'a hundred quotes: seen at once, nothing moves, every press is answered'(world) {
    const page = await world.person()
    const frames = []
    page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => frames.push(JSON.parse(String(payload)))))
    await asked(world, page)
    const updates = frames.filter((frame) => frame.type === 'next').map((frame) => frame.payload.data.quoteUpdates)
    const quote = updates.find((update) => update.__typename === 'Quote')
    const request = updates.findLast((update) => update.__typename === 'QuoteRequest')
    assert.ok(quote !== undefined, `no quote among ${updates.map((update) => update.__typename)}`)

    // The same page again, with a socket of ours: the clock starts when the page hears the first quote.
    await page.addInitScript(() => {
      globalThis.WebSocket = class {
        static CONNECTING = 0
        static OPEN = 1
        static CLOSING = 2
        static CLOSED = 3
        readyState = 0
        constructor() {
          setTimeout(() => {
            this.readyState = 1
            this.onopen?.({})
          })
        }
        hear(message) {
          this.onmessage?.({ data: JSON.stringify(message) })
        }
        send(text) {
          const { type, id } = JSON.parse(text)
          if (type === 'connection_init') setTimeout(() => this.hear({ type: 'connection_ack' }))
          if (type === 'subscribe') globalThis.feed = (quoteUpdates) => this.hear({ id, type: 'next', payload: { data: { quoteUpdates } } })
        }
        close() {}
      }
    })
    const feed = (update) =>
      page.evaluate((heard) => {
        if (heard.__typename === 'Quote') globalThis.measured.heardAt ??= performance.now()
        globalThis.feed(heard)
      }, update)
    await page.addInitScript(() => {
      globalThis.measured = { shift: 0, slowest: 0, presses: 0, firstAt: null, heardAt: null }
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.measured.shift += entry.value
      }).observe({ type: 'layout-shift', buffered: true })
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
          if (entry.interactionId === 0) continue
          globalThis.measured.presses += 1
          if (entry.duration > globalThis.measured.slowest) Object.assign(globalThis.measured, { slowest: entry.duration, which: `${entry.name}: waited ${Math.round(entry.processingStart - entry.startTime)}, handled ${Math.round(entry.processingEnd - entry.processingStart)} ms` })
        }
      }).observe({ type: 'event', durationThreshold: 16, buffered: true })
      new MutationObserver(() => {
        if (globalThis.measured.firstAt !== null || document.querySelector('article') === null) return
        globalThis.measured.firstAt = 0
        requestAnimationFrame(() => setTimeout(() => (globalThis.measured.firstAt = performance.now())))
      }).observe(document, { childList: true, subtree: true })
    })
    await page.reload()
    await page.waitForFunction(() => globalThis.feed !== undefined)
    const lenders = Array.from({ length: COUNT }, (_, at) => ({ provider: `lender-${at}`, waiting: true, quotes: 0 }))
    await feed({ ...request, __typename: 'QuoteRequest', state: 'QUOTING', lenders, losers: [], refusal: [] })
    await page.getByText(`0 of ${COUNT} lenders have answered`).waitFor()
    // The waiting screen is there; from here on nothing may move by itself.
    await page.evaluate(() => (globalThis.measured.shift = 0))
    const offer = (at) => ({ ...quote, id: `quo_${String(at).padStart(32, '0')}`, provider: at === 3 ? HOSTILE : `lender-${at}`, position: ((at * 37) % COUNT) + 1 })
    await feed(offer(0))
    await page.waitForFunction(() => globalThis.measured.firstAt > 0)
    const first = Math.round(await page.evaluate(() => globalThis.measured.firstAt - globalThis.measured.heardAt))
    for (let at = 1; at < COUNT; at += 1) {
      await feed(offer(at))
      if (at % 10 === 0) await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => done())))
    }
    await page.getByText(`${COUNT - 1} of ${COUNT} lenders have answered`).waitFor()
    const shift = await page.evaluate(() => globalThis.measured.shift)

    // What a lender says is text.
    await page.getByRole('heading', { name: HOSTILE.slice(0, 20) }).first().waitFor()
    assert.equal(await page.evaluate(() => globalThis.broken), undefined, 'a lender ran a script')
    assert.equal(await page.locator('article img, article script').count(), 0)

    // Under the pointer nothing moves at all.
    const row = page.locator('article').first()
    await row.hover()
    const before = await row.boundingBox()
    const title = await row.getByRole('heading').textContent()
    await feed({ ...offer(COUNT), position: 0 })
    await page.getByRole('button', { name: 'Show 1 new offer' }).waitFor()
    assert.deepEqual(await row.boundingBox(), before)
    assert.equal(await row.getByRole('heading').textContent(), title)

    await page.evaluate(() => Object.assign(globalThis.measured, { slowest: 0, presses: 0 }))
    for (const at of [0, 1, 2, 3]) await page.getByRole('checkbox', { name: /^Compare/ }).nth(at).click()
    for (const sort of ['Lowest APR', 'Best match']) {
      await page.getByRole('button', { name: /Sort by/ }).click()
      await page.getByRole('option', { name: sort }).click()
    }
    await page.waitForFunction(() => globalThis.measured.presses > 0)
    const { slowest, which } = await page.evaluate(() => globalThis.measured)
    console.log(`      first result after ${first} ms, layout shift ${shift.toFixed(4)}, slowest press to paint ${slowest} ms (${which}) with ${COUNT} quotes`)
    assert.ok(shift <= STILL, `the layout shifted by ${shift}`)
    assert.ok(first <= FIRST_RESULT * Number(process.env.SLOW ?? 1), `the first result came after ${first} ms`)
    assert.ok(slowest <= NEXT_PAINT * Number(process.env.SLOW ?? 1), `a press was answered after ${slowest} ms`)
  },
}
