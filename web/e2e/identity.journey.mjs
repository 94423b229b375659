// A marketplace that pays out to verified people alone, as `usance dev` does when nothing else is said. It has a world of its own.

import assert from 'node:assert/strict'
import { asked } from './borrower.journey.mjs'
import { startWorld } from './world.mjs'

export const journeys = {
  async 'nobody is paid out to before the check, and everybody after it'(given) {
    const own = process.env.USANCE_WEB_URL === undefined
    const world = own ? await startWorld([]) : given
    try {
      const page = await world.person()
      await asked(world, page, { lender: 'harbor-bank' })
      await page.getByRole('link', { name: 'Details harbor-bank' }).click()
      await page.getByRole('button', { name: 'Choose this offer' }).click()
      await page.getByRole('heading', { name: 'Show who you are' }).waitFor()
      await page.getByLabel('Full name').waitFor()
      assert.equal(await page.getByLabel('Full name').inputValue(), 'Alex Sample', 'what was told before is asked again')
      assert.ok(await page.getByRole('button', { name: 'Begin the check' }).isDisabled(), 'without consent')
      await world.look(page, 'identity')
      await page.getByText('My documents and a picture of my face').click()
      await page.getByRole('button', { name: 'Begin the check' }).click()
      const link = page.getByRole('link', { name: 'Open the page of the check' })
      await link.waitFor()
      // The vendor's page, in its own tab; it plays the check.
      const [vendor] = await Promise.all([page.context().waitForEvent('page'), link.click()])
      await vendor.close()
      await page.getByText('You are verified').first().waitFor()
      await page.getByRole('button', { name: 'Go on with the offer' }).click()
      await page.getByRole('heading', { name: 'Money is out' }).waitFor()
    } catch (error) {
      await world.picture('failed-identity')
      throw error
    } finally {
      if (own) await world.stop()
    }
  },
}
