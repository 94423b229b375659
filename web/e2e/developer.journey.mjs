// What an integrator does: copies an example, asks in GraphQL, looks a route up, tries a key.

import assert from 'node:assert/strict'
import { enter } from './desk.mjs'

export const journeys = {
  'an integrator copies, asks, looks up and tries a key': async (world) => {
    const page = await enter(world, 'integrator', '/developers')
    await page.getByRole('region', { name: 'curl' }).waitFor()
    assert.match(await page.getByRole('region', { name: 'curl' }).innerText(), new RegExp(`${world.url}/oauth/token`))
    await world.look(page, 'developers')
    await page.getByRole('tab', { name: 'Rust' }).click()
    await page.getByRole('region', { name: 'Rust' }).waitFor()

    await page.getByRole('link', { name: 'GraphQL', exact: true }).click()
    await page.getByRole('button', { name: 'Run' }).click()
    await page.getByRole('region', { name: 'Answer' }).getByText('"loans"').waitFor()
    await page.getByRole('textbox', { name: 'Query', exact: true }).fill('{ nothing }')
    await page.getByText(/Cannot query field "nothing"/).waitFor()
    await world.look(page, 'developers-graphql')

    await page.getByRole('link', { name: 'REST', exact: true }).click()
    await page.getByLabel('Search routes').fill('accept')
    await page.getByText('/v1/quotes/{id}/accept').click()
    await page.getByText('Idempotency-Key').first().waitFor()
    await world.look(page, 'developers-rest')

    await page.getByRole('link', { name: 'API keys' }).click()
    const key = world.facts.clients.find((client) => client.role === 'integrator')
    await page.getByLabel('Client id').fill(key.client_id)
    await page.getByLabel('Secret').fill('wrong')
    await page.getByRole('button', { name: 'Try it' }).click()
    await page.getByText('Not accepted').waitFor()
    await page.getByLabel('Secret').fill(key.client_secret)
    await page.getByRole('button', { name: 'Try it' }).click()
    await page.getByText('The key works').waitFor()
    await world.look(page, 'developers-keys')

    await page.getByRole('link', { name: 'Events', exact: true }).click()
    await page.getByRole('heading', { name: 'Listen and replay' }).waitFor()
    await world.look(page, 'developers-events')
    assert.deepEqual(page.foreign, [], 'no third party was asked')
  },
}
