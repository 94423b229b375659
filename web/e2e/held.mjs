// A verification that the vendor leaves to our officers: the sandbox holds whoever is called HOLD.

/** Begins one for the second borrower, shows the documents, and waits until the vendor holds it. */
export async function heldVerification(world) {
  const { client_id, client_secret } = world.facts.clients.find((client) => client.client_id === 'dev-second-borrower')
  const tokens = await fetch(`${world.url}/oauth/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }) })
  const { access_token } = await tokens.json()
  const call = async (path, body) => {
    const answer = await fetch(world.url + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { Authorization: `Bearer ${access_token}`, 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
  const { id } = await call('/v1/verifications', { fullName: 'Pat Hold', country: 'US', region: 'CA', consent: true })
  const bounded = async (look) => {
    for (let tries = 0; tries < 120; tries += 1) {
      const found = await look()
      if (found !== null) return found
      await new Promise((done) => setTimeout(done, 500))
    }
    throw new Error('the vendor did not hold the verification within a minute')
  }
  // The vendor knows of it a moment after it was asked for.
  const { url } = await bounded(() => call(`/v1/verifications/${id}/link`, {}).catch(() => null))
  await fetch(url)
  await bounded(async () => ((await call(`/v1/verifications/${id}`)).state === 'ON_HOLD' ? true : null))
  return id
}
