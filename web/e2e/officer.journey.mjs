// What officers do: look at the queues, make a decision again, check a proof, stop a lender and let it go on.

import assert from 'node:assert/strict'
import { enter } from './desk.mjs'
import { heldVerification } from './held.mjs'

export const journeys = {
  'an officer reads the queues and makes a decision again': async (world) => {
    const page = await enter(world, 'officer', '/desk')
    await page.getByText('Open cases').waitFor()
    await world.look(page, 'desk-overview')
    await page.getByRole('link', { name: 'Cases', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Cases' }).waitFor()
    await world.look(page, 'desk-cases')

    await page.getByRole('navigation', { name: 'Operator console' }).getByRole('link', { name: 'Applications' }).click()
    // The marketplace asked for one sample when it started.
    await page.getByRole('link', { name: /^req_/ }).first().click()
    await page.getByRole('heading', { name: 'Decision about risk' }).waitFor()
    await page.getByRole('button', { name: 'Replay', exact: true }).click()
    await page.getByText('The same, to the byte').waitFor()
    await page.getByRole('button', { name: 'Replay every rule decision' }).click()
    await page.getByText(/come out the same, to the byte/).waitFor()
    await world.look(page, 'desk-application')
    assert.deepEqual(page.foreign, [], 'no third party was asked')
    assert.deepEqual(page.problems, [], 'the page had no errors')
  },

  'the proof of an entry is checked in the browser': async (world) => {
    const page = await enter(world, 'officer', '/desk/audit')
    await page.getByRole('region', { name: 'Entries' }).getByRole('link').last().click()
    await page.getByText('This entry stands in the log').waitFor()
    await page.getByText('Root rightly signed').waitFor()
    await world.look(page, 'desk-proof')
  },

  'an identity takes two officers, and the maker sees why there is no button': async (world) => {
    const id = await heldVerification(world)
    const maker = await enter(world, 'officer', `/desk/identity/${id}`)
    await maker.getByRole('button', { name: 'Propose to approve' }).click()
    await maker.getByRole('dialog').getByLabel('Reason').fill('Documents seen at the vendor.')
    await maker.getByRole('dialog').getByRole('button', { name: 'Propose to approve' }).click()
    await maker.getByText('You proposed this, so another officer confirms it.').waitFor()
    assert.equal(await maker.getByRole('button', { name: 'Confirm', exact: true }).count(), 0, 'the maker does not check')
    await world.look(maker, 'desk-verification')

    const checker = await enter(world, 'second-officer', `/desk/identity/${id}`)
    await checker.getByRole('button', { name: 'Confirm', exact: true }).click()
    await checker.getByRole('dialog').getByLabel('Reason').fill('Seen by me as well.')
    await checker.getByRole('dialog').getByRole('button', { name: 'Confirm', exact: true }).click()
    await checker.getByText(/^.Verified$/).waitFor()
  },

  'a lender is stopped with a reason and let go on': async (world) => {
    const page = await enter(world, 'officer', '/desk/lenders/silent')
    await page.getByRole('button', { name: 'Suspend' }).click()
    const dialog = page.getByRole('dialog')
    assert.equal(await dialog.getByRole('button', { name: 'Suspend' }).isDisabled(), true, 'no reason, no deed')
    await dialog.getByLabel('Reason').fill('It answers too late.')
    await world.look(page, 'desk-dialog')
    await dialog.getByRole('button', { name: 'Suspend' }).click()
    await page.getByText(/^.Suspended$/).waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('dialog').getByLabel('Reason').fill('It is on time again.')
    await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click()
    await page.getByText(/^.Live$/).waitFor()
  },

  'books, rules, models and deadlines are read': async (world) => {
    const page = await enter(world, 'manager', '/desk/books')
    await page.getByText('No breaker has tripped').waitFor()
    await world.look(page, 'desk-books')
    for (const [name, waits] of [['Rules', 'Rules in force'], ['Models', 'Registry'], ['Deadlines', 'Deadlines'], ['Holds and erasures', 'Legal holds'], ['Dispositions', 'Dispositions'], ['Identity', 'Waiting ones first']]) {
      await page.getByRole('navigation', { name: 'Operator console' }).getByRole('link', { name, exact: true }).click()
      await page.getByRole('heading', { name: waits }).first().waitFor()
      await world.look(page, `desk-${name.toLowerCase().replaceAll(' ', '-')}`)
    }
  },
}
