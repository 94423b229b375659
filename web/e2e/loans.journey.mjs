// What becomes of loans: given up before the signature, secured by more and by less, repaid by another one, paid at a bank.

import assert from 'node:assert/strict'
import { asked, button, clean, fillRequest, untilOffered } from './borrower.journey.mjs'
import { enter } from './desk.mjs'

/** Asks with security as the wallet of the marketplace's borrower, and chooses the offer of that lender. */
async function chosen(world, page, lender) {
  await fillRequest(world, page, { token: world.facts.ether })
  await button(page, 'Ask all lenders').click()
  await page.getByRole('heading', { name: 'With your wallet' }).waitFor()
  await page.getByRole('region', { name: 'Sign in' }).getByRole('button', { name: 'Test Wallet' }).click()
  await untilOffered(page, [lender])
  await choose(page, lender)
}

async function choose(page, lender) {
  await page.getByRole('link', { name: `Details ${lender}` }).first().click()
  await page.getByRole('heading', { name: `Offer of ${lender}` }).waitFor()
  await button(page, 'Choose this offer').click()
}

const idOf = (page) => new URL(page.url()).pathname.split('/').at(-1)

async function toTheLoan(page, lender) {
  await page.getByRole('heading', { name: 'Money is out' }).waitFor()
  await page.getByRole('link', { name: 'To the loan' }).click()
  await page.getByRole('heading', { name: `Loan of ${lender}` }).waitFor()
  return idOf(page)
}

export const journeys = {
  async 'withdrawn before the signature: nothing moved'(world) {
    const page = await world.person({ wallet: 'borrower' })
    await chosen(world, page, 'desk-one')
    await page.getByRole('heading', { name: 'Review and sign' }).waitFor()
    await button(page, 'Withdraw').click()
    await page.getByRole('heading', { name: 'Withdrawn' }).waitFor()
    await page.getByText('Nothing was signed, and nothing moved.').waitFor()
    await world.look(page, 'withdrawn')
    assert.equal(await button(page, 'Sign in the wallet').count(), 0)
    assert.ok(!page.wallet.asked.includes('eth_sendTransaction') && !page.wallet.asked.includes('eth_signTypedData_v4'))
    // It is no loan, and the list says so.
    await page.getByRole('main').getByRole('link', { name: 'My loans' }).click()
    await page.getByText('Did not come about').first().waitFor()
    await page.getByRole('listitem').filter({ hasText: 'Did not come about' }).getByRole('link', { name: 'desk-one' }).first().click()
    await page.getByRole('heading', { name: 'Withdrawn' }).waitFor()
    clean(page)
  },

  async 'on chain: more security, some of it back, and a cheaper loan in its place'(world) {
    const page = await world.person({ wallet: 'borrower' })
    await chosen(world, page, 'desk-one')
    await button(page, 'Allow in the wallet').click()
    await button(page, 'Sign in the wallet').click()
    const old = await toTheLoan(page, 'desk-one')
    // More, then less; at no change there is no button.
    const tokens = page.getByLabel('dWETH to lock')
    await tokens.waitFor()
    assert.equal(await button(page, /^(Add security|Take some back)/).count(), 0)
    await tokens.fill('6')
    await world.look(page, 'security-more')
    await button(page, /^Add security/).click()
    await page.getByText('6 dWETH', { exact: true }).waitFor()
    await tokens.fill('5')
    await page.getByText('6 dWETH → 5 dWETH').waitFor()
    await world.look(page, 'security-less')
    page.wallet.refuse.add('eth_sendTransaction')
    await button(page, 'Take some back: 1 dWETH').click()
    await page.getByText('You said no in the wallet. Nothing was sent.').waitFor()
    await button(page, 'Take some back: 1 dWETH').click()
    await page.getByText('5 dWETH', { exact: true }).waitFor()
    // Less than what keeps it from being sold is not offered.
    await tokens.fill('0.5')
    await page.getByText(/Lock at least .* dWETH/).waitFor()
    assert.ok(await button(page, /^Take some back/).isDisabled(), 'security that has to stay can be taken')
    await tokens.fill('5')

    await page.getByRole('link', { name: 'Look for one' }).click()
    await page.getByText('The new loan repays the one that you have').waitFor()
    await world.look(page, 'refinance')
    for (const heading of ['Where you live', 'About you', 'Check and ask']) {
      await button(page, 'Continue').click()
      await page.getByRole('heading', { name: heading }).waitFor()
    }
    await button(page, 'Ask all lenders').click()
    await untilOffered(page, ['desk-one'])
    await world.look(page, 'refinance-offers')
    await choose(page, 'desk-one')
    await page.getByText('It repays your other loan in the same transaction').waitFor()
    await page.getByText('Stays locked, for the new loan').waitFor()
    // What the old loan costs beyond the new money is allowed first, in whole tokens.
    await page.getByText(/Let the contract take [0-9.]+ dUSD/).waitFor()
    await world.look(page, 'refinance-sign')
    await button(page, 'Allow in the wallet').click()
    await button(page, 'Sign in the wallet').click()
    await page.getByRole('heading', { name: 'Money is out' }).waitFor()
    await page.getByRole('link', { name: 'It repaid this loan' }).waitFor()
    assert.equal(await page.getByText('You received').count(), 0, 'money is said to have arrived that repaid the old loan')
    await world.look(page, 'refinance-receipt', { pictures: false })
    const next = await toTheLoan(page, 'desk-one')
    assert.notEqual(next, old)
    await page.getByText('5 dWETH', { exact: true }).waitFor()
    await page.getByText('Running', { exact: true }).first().waitFor()
    await world.look(page, 'refinance-loan')
    await page.getByRole('link', { name: 'It repaid this loan' }).click()
    await page.waitForURL(`**/loans/${old}`)
    await page.getByRole('link', { name: 'It was repaid by this loan' }).waitFor()
    assert.equal(await button(page, 'Pay everything back').count(), 0, 'a loan that is closed can be paid')
    await world.look(page, 'refinanced')
    clean(page)

    // The desk reads the same of both.
    const desk = await enter(world, 'officer', `/desk/loans/${next}`)
    await desk.getByText('5 dWETH', { exact: true }).waitFor()
    await world.look(desk, 'desk-loan')
    await desk.getByRole('link', { name: new RegExp(old.slice(0, 8)) }).click()
    await desk.getByText('Paid off by another loan').waitFor()
    await world.look(desk, 'desk-loan-closed', { pictures: false })
    assert.deepEqual(desk.problems, [], 'the page had no errors')
  },

  async 'at a bank: the lender books a payment, borrower and desk see it'(world) {
    const page = await world.person()
    await asked(world, page, { lender: 'harbor-bank' })
    await choose(page, 'harbor-bank')
    const id = await toTheLoan(page, 'harbor-bank')
    await page.getByText('None yet.').waitFor()

    const lender = await enter(world, 'harbor-bank', '/lender/loans')
    await lender.locator(`a[href="/lender/loans/${id}"]`).click()
    await lender.getByRole('button', { name: 'Record a payment' }).click()
    const dialog = lender.getByRole('dialog')
    assert.ok(await dialog.getByRole('button', { name: 'Record a payment' }).isDisabled(), 'nothing filled in')
    await dialog.getByLabel(/^Amount/).fill('250')
    await dialog.getByLabel('Evidence').fill('WIRE-2026-0042')
    await world.look(lender, 'lender-record')
    await dialog.getByRole('button', { name: 'Record a payment' }).click()
    await lender.getByText('WIRE-2026-0042').waitFor()
    await lender.getByText('$250.00').first().waitFor()
    await world.look(lender, 'lender-loan')
    assert.deepEqual(lender.problems, [], 'the page had no errors')

    await page.getByText('told by the lender').waitFor()
    await page.getByText('$250.00').first().waitFor()
    await world.look(page, 'loan-bank-paid', { pictures: false })
    clean(page)

    const desk = await enter(world, 'officer', `/desk/loans/${id}`)
    await desk.getByText('WIRE-2026-0042').waitFor()
    assert.equal(await desk.getByRole('button', { name: 'Record a payment' }).count(), 0, 'payments are told by the lender alone')
    await world.look(desk, 'desk-loan-bank', { pictures: false })
  },
}
