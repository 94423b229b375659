// What a borrower does, from the first question to the last payment, through the screens alone.

import assert from 'node:assert/strict'

export const button = (page, name) => page.getByRole('button', { name, exact: false })

async function choose(page, label, option) {
  await page.getByRole('button', { name: label }).first().click()
  await page.getByRole('option', { name: option, exact: true }).click()
}

async function fill(page, fields) {
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value)
}

const ABOUT = {
  'Full name': 'Alex Sample',
  'Income before tax, each month': '6,000',
  'Rent or mortgage, each month': '1,800',
  'Payments on other debts, each month': '400',
  'Months in your present work': '40',
  'Months at your present address': '30',
}

/** Fills the request form, up to the button that asks. */
export async function fillRequest(world, page, { amount = '5,000', about = {}, token = null, look = false } = {}) {
  await page.goto(world.url)
  await page.getByLabel('How much money do you need?').fill(amount)
  if (token !== null) {
    await page.getByText('Yes, I have tokens to lock').click()
    await button(page, 'Test Wallet').click()
    await page.getByLabel('Token contract').fill(token)
    await page.getByLabel(/How much .* can be locked/).fill('5')
  }
  if (look) await world.look(page, 'request')
  await button(page, 'Continue').click()
  await page.getByRole('heading', { name: 'Where you live' }).waitFor()
  await choose(page, /State$/, 'California')
  await button(page, 'Continue').click()
  await page.getByRole('heading', { name: 'About you' }).waitFor()
  await fill(page, { ...ABOUT, ...about })
  if (look) await world.look(page, 'about', { pictures: false })
  await button(page, 'Continue').click()
  await page.getByRole('heading', { name: 'Check and ask' }).waitFor()
  if (look) await world.look(page, 'check')
}

const fresh = () => `borrower-${Date.now()}-${Math.random().toString(36).slice(2, 8)}@example.org`
const SECRET = 'a long enough secret 7'

async function register(page) {
  await page.getByRole('button', { name: 'I am new here' }).click()
  await page.getByLabel('E-mail or name').fill(process.env.USANCE_LOGIN ?? fresh())
  await page.getByLabel('Password').fill(SECRET)
  await button(page, 'Create an account').click()
}

async function closedBook(page) {
  await page.getByText(/\d+ offers? from \d+ lenders/).first().waitFor({ state: 'attached' })
}

/** On a busy machine a lender may be late: what was filled in is still there, so it is asked again. */
export async function untilOffered(page, lenders) {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await page.getByRole('heading', { name: 'Your offers' }).waitFor()
    await closedBook(page)
    const there = await Promise.all(lenders.map((lender) => page.getByRole('link', { name: `Details ${lender}` }).first().isVisible()))
    if (there.every(Boolean)) return
    await page.getByRole('link', { name: 'New request' }).click()
    await page.getByLabel('How much money do you need?').waitFor()
    for (const heading of ['Where you live', 'About you', 'Check and ask']) {
      await button(page, 'Continue').click()
      await page.getByRole('heading', { name: heading }).waitFor()
    }
    await button(page, 'Ask all lenders').click()
  }
  throw new Error(`no offer of ${lenders} in five attempts`)
}

/** Nothing but the marketplace was asked, and nothing broke in the page. */
export function clean(page) {
  assert.deepEqual(page.foreign, [], 'requests to others')
  assert.deepEqual(
    page.problems.filter((text) => !/status of 401/.test(text)),
    [],
    'errors in the page',
  )
}

async function tokenIsKeptNowhere(page) {
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))
  assert.doesNotMatch(kept, /eyJ|token|Bearer/i)
}

/** Asks without security until some lender, or that one, offers. */
export async function asked(world, page, { lender = '', about = {} } = {}) {
  await fillRequest(world, page, { about })
  await button(page, 'Ask all lenders').click()
  await register(page)
  await untilOffered(page, [lender])
}

export const journeys = {
  async 'on chain: ask, compare, sign, receive, pay, add security, pay back'(world) {
    const page = await world.person({ wallet: 'borrower' })
    await fillRequest(world, page, { token: world.facts.ether, look: true })
    await button(page, 'Ask all lenders').click()
    await page.getByRole('heading', { name: 'With your wallet' }).waitFor()
    await world.look(page, 'sign-in')
    await page.getByRole('region', { name: 'Sign in' }).getByRole('button', { name: 'Test Wallet' }).click()
    await untilOffered(page, ['desk-one', 'harbor-bank', 'swift-fintech'])
    await page.mouse.move(5, 5)
    await world.look(page, 'results')
    // Side by side.
    for (const lender of ['desk-one', 'harbor-bank', 'swift-fintech']) await page.getByRole('checkbox', { name: `Compare ${lender}` }).check()
    await page.getByRole('link', { name: 'Compare 3 offers' }).click()
    await page.getByRole('heading', { name: 'Side by side' }).waitFor()
    await page.getByText('points more than declared').waitFor()
    await page.getByRole('link', { name: 'Truth in Lending disclosure' }).first().waitFor()
    await world.look(page, 'compare')
    // One of them to the last figure.
    await page.getByRole('link', { name: 'desk-one' }).click()
    await page.getByRole('heading', { name: 'Offer of desk-one' }).waitFor()
    await world.look(page, 'offer')
    await button(page, 'Choose this offer').click()
    await page.getByRole('heading', { name: 'Review and sign' }).waitFor()
    await page.getByText('The same contract that your signature is for.').waitFor()
    await page.getByText('It allows nothing else').waitFor()
    await world.look(page, 'sign')
    // Saying no in the wallet changes nothing.
    page.wallet.refuse.add('eth_sendTransaction')
    await button(page, 'Allow in the wallet').click()
    await page.getByText('You said no in the wallet. Nothing was sent.').waitFor()
    await button(page, 'Allow in the wallet').click()
    await button(page, 'Sign in the wallet').click()
    await page.getByRole('heading', { name: 'Your loan is on its way' }).or(page.getByRole('heading', { name: 'Money is out' })).waitFor()
    if (await page.getByRole('heading', { name: 'Your loan is on its way' }).isVisible()) await world.look(page, 'settling')
    await page.getByRole('heading', { name: 'Money is out' }).waitFor()
    await world.look(page, 'receipt')
    await page.getByRole('link', { name: 'To the loan' }).click()
    await page.getByRole('heading', { name: 'Loan of desk-one' }).waitFor()
    await page.getByRole('heading', { name: 'Your security' }).waitFor()
    // What closes it in a year.
    await page.getByLabel('On this day').fill('2027-06-30')
    await page.getByText('June 30, 2027').waitFor()
    await world.look(page, 'loan')
    await button(page, 'Pay the next payment').click()
    await page.getByText('Your payment is in a block').waitFor()
    await page.getByText('on chain, final').waitFor()
    await page.getByText('paid', { exact: true }).first().waitFor()
    // More security.
    await page.getByLabel('dWETH to lock').fill('4')
    await button(page, /Add security: 0[.]42857/).click()
    await page.getByText('4 dWETH', { exact: true }).waitFor()
    await world.look(page, 'loan-paid', { pictures: false })
    await button(page, 'Pay everything back').click()
    await page.getByText('Paid back', { exact: true }).first().waitFor()
    await page.getByText('Everything was paid.').first().waitFor()
    await page.getByRole('link', { name: 'My loans' }).click()
    await page.getByRole('heading', { name: 'My loans' }).waitFor()
    await page.getByRole('link', { name: 'desk-one' }).first().waitFor()
    await world.look(page, 'loans')
    assert.ok(page.wallet.asked.includes('eth_signTypedData_v4') && page.wallet.asked.includes('personal_sign'))
    await tokenIsKeptNowhere(page)
    clean(page)
  },

  async 'off chain: a password, a bank, its schedule'(world) {
    const page = await world.person()
    await fillRequest(world, page)
    await button(page, 'Ask all lenders').click()
    await register(page)
    await untilOffered(page, ['harbor-bank'])
    await page.getByRole('link', { name: 'Details harbor-bank' }).click()
    await button(page, 'Choose this offer').click()
    await page.getByRole('heading', { name: 'Money is out' }).waitFor()
    await world.look(page, 'receipt-bank', { pictures: false })
    await page.getByRole('link', { name: 'To the loan' }).click()
    await page.getByText('Pay harbor-bank as your contract says').waitFor()
    await world.look(page, 'loan-bank')
    await page.getByRole('link', { name: 'Truth in Lending disclosure' }).click()
    await page.getByRole('heading', { name: 'Truth in Lending disclosure' }).first().waitFor()
    await world.look(page, 'paper')
    await tokenIsKeptNowhere(page)
    clean(page)
  },

  async 'refused: every lender says why, and a letter follows'(world) {
    const page = await world.person()
    await fillRequest(world, page, { amount: '90,000', about: { 'Income before tax, each month': '300', 'Months in your present work': '0', 'Months at your present address': '0' } })
    await button(page, 'Ask all lenders').click()
    await register(page)
    await page.getByRole('heading', { name: 'Your offers' }).waitFor()
    await page.getByRole('heading', { name: 'A letter for you' }).waitFor()
    await world.look(page, 'refused')
    await page.getByRole('link', { name: 'Why you were refused' }).click()
    await page.getByRole('heading', { name: 'Why you were refused' }).first().waitFor()
    await world.look(page, 'letter')
    clean(page)
  },

  async 'the form keeps what was typed, says what is wrong, and takes the keyboard alone'(world) {
    const page = await world.person({ viewport: { width: 320, height: 640 } })
    await page.goto(world.url)
    await page.getByLabel('How much money do you need?').waitFor()
    await button(page, 'Continue').click()
    await page.getByText('Please fill this in.').waitFor()
    await world.look(page, 'request-wrong', { pictures: false })
    await page.getByLabel('How much money do you need?').focus()
    await page.keyboard.type('7,500')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Where you live' }).waitFor()
    assert.match(page.url(), /amount=7%2C500/)
    await button(page, 'Back').focus()
    await page.keyboard.press('Enter')
    assert.equal(await page.getByLabel('How much money do you need?').inputValue(), '7,500')
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert.equal(wide, 0, 'wider than 320 px')
    // Another language keeps it too.
    await page.getByRole('button', { name: /Español/ }).click()
    await page.getByRole('heading', { name: 'Lo que necesita' }).waitFor()
    assert.equal(await page.getByLabel('¿Cuánto dinero necesita?').inputValue(), '7,500')
    await world.look(page, 'request-es', { pictures: false })
    clean(page)
  },

  async 'nothing there, offline, and somebody else’s pages'(world) {
    const page = await world.person()
    await page.goto(`${world.url}/no/such/page`)
    await page.getByRole('heading', { name: 'This page does not exist' }).waitFor()
    await world.look(page, 'lost', { pictures: false })
    await page.goto(`${world.url}/loans`)
    await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor()
    await register(page)
    await page.getByRole('heading', { name: 'My loans' }).waitFor()
    if (process.env.USANCE_LOGIN === undefined) {
      await page.getByText('No loans yet').waitFor()
      await world.look(page, 'loans-empty')
    }
    await page.goto(`${world.url}/loans/loan_${'0'.repeat(32)}`)
    await page.getByText('belongs to somebody else').waitFor()
    await page.context().setOffline(true)
    await page.getByText('You are offline.').waitFor()
    await world.look(page, 'offline', { pictures: false })
    await page.context().setOffline(false)
  },
}
