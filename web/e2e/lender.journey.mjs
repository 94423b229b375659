// What a lender sees of itself, from the figures to a report of the conformance kit.

import assert from 'node:assert/strict'
import { enter } from './desk.mjs'

const REPORT = JSON.stringify({
  target: 'http://127.0.0.1:9',
  took_ms: 1200,
  green: false,
  findings: [
    { id: 'reach.answers', area: 'reach', says: 'A signed question is answered in time.', why: 'It is missing otherwise.', fix: 'Answer in time.', outcome: 'passed' },
    { id: 'offer.sums', area: 'offer', says: 'The sums of an offer agree.', why: 'Money is lost.', fix: 'Add them up.', outcome: 'failed', seen: '100.00 and 100.01' },
  ],
})

export const journeys = {
  'a lender reads how it does, its book, its history and a report': async (world) => {
    const page = await enter(world, 'harbor-bank', '/lender')
    await page.getByRole('heading', { name: 'From question to loan' }).waitFor()
    await page.getByText('Questions asked').waitFor()
    await world.look(page, 'lender-overview')

    await page.getByRole('link', { name: 'Offers', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Offers' }).waitFor()
    await world.look(page, 'lender-offers')

    await page.getByRole('link', { name: 'Book of loans' }).click()
    await page.getByRole('heading', { level: 1, name: 'Book of loans' }).waitFor()
    await world.look(page, 'lender-loans')

    await page.getByRole('link', { name: 'History' }).click()
    await page.getByRole('cell', { name: 'Listed' }).first().waitFor()
    await world.look(page, 'lender-history')

    await page.getByRole('link', { name: 'Conformance' }).click()
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Open report.json' }).click()
    await (await chooser).setFiles({ name: 'report.json', mimeType: 'application/json', buffer: Buffer.from(REPORT) })
    await page.getByText('Not green yet').waitFor()
    await page.getByText('100.00 and 100.01').waitFor()
    await world.look(page, 'lender-conformance')
    assert.deepEqual(page.foreign, [], 'no third party was asked')
    assert.deepEqual(page.problems, [], 'the page had no errors')
  },

  'a lender is shown nothing of the desk': async (world) => {
    const page = await enter(world, 'harbor-bank', '/desk')
    await page.getByRole('heading', { name: 'This console is for other roles' }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'Cases' }).count(), 0)
  },
}
