// What an integrator does: copies an example, asks in GraphQL, looks a route up, tries a key.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import { enter } from './desk.mjs'
import { PATIENCE } from './world.mjs'

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

  'an integrator makes a client and an endpoint, sends a test and sends it again': async (world) => {
    const page = await enter(world, 'integrator', '/developers/keys')
    await page.getByRole('button', { name: 'Make a client' }).click()
    const sheet = page.getByRole('dialog')
    await sheet.getByLabel('Name').fill('Checkout')
    await sheet.getByRole('button', { name: 'Make a client' }).click()
    const made = page.getByRole('region', { name: 'API clients' }).getByRole('row', { name: /Checkout/ })
    await made.getByText('Active').waitFor()
    const secret = (await page.getByRole('region', { name: 'Secret', exact: true }).innerText()).trim()
    assert.match(secret, /^[0-9a-f]{64}$/)
    await world.look(page, 'developers-keys-made')
    const id = await made.locator('button[title]').first().getAttribute('title')
    const token = await fetch(`${world.url}/oauth/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: secret }) })
    assert.equal(token.status, 200, 'the new client gets a token')
    await page.getByRole('button', { name: 'I have stored it' }).click()
    await made.getByRole('button', { name: 'Revoke' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.getByRole('region', { name: 'API clients' }).getByText('Revoked').waitFor()

    const receiver = await listen()
    try {
      await page.getByRole('link', { name: 'Webhooks', exact: true }).click()
      await page.getByText('No endpoints yet').waitFor()
      await world.look(page, 'developers-webhooks-empty')
      await page.getByRole('button', { name: 'Add an endpoint' }).click()
      await page.getByRole('dialog').getByLabel('Address').fill('http://10.0.0.1/')
      await page.getByRole('dialog').getByRole('button', { name: 'Add an endpoint' }).click()
      await page.getByRole('dialog').getByRole('alert').waitFor()
      await page.getByRole('dialog').getByLabel('Address').fill(receiver.url)
      await page.getByRole('dialog').getByRole('button', { name: 'Add an endpoint' }).click()
      await page.getByRole('region', { name: 'Secret', exact: true }).waitFor()
      const key = (await page.getByRole('region', { name: 'Secret', exact: true }).innerText()).trim()
      await page.getByRole('button', { name: 'I have stored it' }).click()

      await page.getByRole('button', { name: 'Send a test' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Send a test' }).click()
      const first = await receiver.next()
      verify(key, first)
      assert.equal(JSON.parse(first.body).type, 'webhook.test')
      const row = page.getByRole('list', { name: 'Deliveries' }).getByRole('listitem').first()
      await until(page, row.getByText('Delivered'))
      await row.getByText('webhook.test').first().click()
      await row.getByText('Answered 200').waitFor()
      await world.look(page, 'developers-webhooks')

      await row.getByRole('button', { name: 'Send again' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Send again' }).click()
      const second = await receiver.next()
      verify(key, second)
      assert.equal(second.headers['webhook-id'], first.headers['webhook-id'], 'the same id')
      assert.equal(second.body, first.body)
    } finally {
      await receiver.stop()
    }
    assert.deepEqual(page.foreign, [], 'no third party was asked')
  },
}

/** A program of the integrator: keeps what arrives and answers 200. */
async function listen() {
  const arrived = []
  const waiting = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (text) => (body += text))
    request.on('end', () => {
      response.end('taken')
      const one = { headers: request.headers, body }
      const next = waiting.shift()
      if (next === undefined) arrived.push(one)
      else next(one)
    })
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const next = () =>
    arrived.length > 0
      ? Promise.resolve(arrived.shift())
      : new Promise((done, fail) => {
          const late = setTimeout(() => fail(new Error('nothing arrived')), PATIENCE)
          waiting.push((one) => {
            clearTimeout(late)
            done(one)
          })
        })
  const stop = () =>
    new Promise((done) => {
      server.close(done)
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${server.address().port}/usance`, next, stop }
}

/** As docs/webhooks.md says. */
function verify(secret, { headers, body }) {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const mac = createHmac('sha256', key).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`).digest('base64')
  assert.equal(headers['webhook-signature'], `v1,${mac}`)
}

/** Asks again until it is there. */
async function until(page, wanted) {
  const end = Date.now() + PATIENCE
  while (!(await wanted.isVisible())) {
    assert.ok(Date.now() < end, 'it never came')
    await page.getByRole('button', { name: 'Refresh' }).click()
    await wanted.waitFor({ timeout: 1_000 }).catch(() => {})
  }
}
