// Four eyes over rules: one person proposes a whole set, sees why the decision is another's, and that other one decides.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { enter } from './desk.mjs'

const FOLDER = join(resolve(dirname(fileURLToPath(import.meta.url)), '../..'), 'compliance/rules')

/** A rule more than the set in force has. */
const MORE = `
[[rule]]
id = "house-identity-alaska"
version = 1
topic = "IDENTITY"
jurisdiction = "US-AK"
effective_from = "2015-01-01"
known_from = "2015-01-01"
status = "verified"
citation = "House policy, as of the walk through the console"
outcome = "IDENTITY"
level = "BASIC"
retention = "HOUSE"
message = "We need to verify your identity before you can accept."
`

function documents() {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.toml'))
  return names.map((name) => ({ name, mimeType: 'application/toml', buffer: Buffer.from(readFileSync(join(FOLDER, name), 'utf8') + (name === 'house.toml' ? MORE : '')) }))
}

export const journeys = {
  'a set of rules is proposed by one and approved by another': async (world) => {
    const maker = await enter(world, 'officer', '/desk/rules')
    await maker.getByRole('button', { name: 'Propose a set' }).click()
    const dialog = maker.getByRole('dialog')
    const chooser = maker.waitForEvent('filechooser')
    await dialog.getByRole('button', { name: 'Choose files' }).click()
    await (await chooser).setFiles(documents())
    await dialog.getByText('house.toml').waitFor()
    assert.ok(await dialog.getByRole('button', { name: 'Propose a set' }).isDisabled(), 'no reason, no proposal')
    await dialog.getByLabel('Reason').fill('Alaska asks for it.')
    await world.look(maker, 'desk-rules-propose')
    await dialog.getByRole('button', { name: 'Propose a set' }).click()
    await dialog.waitFor({ state: 'detached' })
    await maker.getByRole('row').filter({ hasText: 'Alaska asks for it.' }).getByRole('link').click()
    await maker.getByText('house-identity-alaska').first().waitFor()
    assert.equal(await maker.getByRole('button', { name: 'Approve' }).count(), 0, 'the maker does not approve')
    await world.look(maker, 'desk-publication')
    assert.deepEqual(maker.problems, [], 'the page had no errors')

    const checker = await enter(world, 'manager', new URL(maker.url()).pathname)
    await checker.getByRole('button', { name: 'Approve' }).click()
    await checker.getByRole('dialog').getByLabel('Reason').fill('Read and compared.')
    await checker.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
    await checker.getByRole('dialog').waitFor({ state: 'detached' })
    await checker.getByText('Read and compared.').waitFor()
    // It is decided once.
    await checker.getByRole('button', { name: 'Approve' }).waitFor({ state: 'detached' })
    await checker.getByText(/^.Approved$/).waitFor()
    await world.look(checker, 'desk-publication-approved', { pictures: false })
    assert.deepEqual(checker.problems, [], 'the page had no errors')
  },
}
