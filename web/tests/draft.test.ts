import { describe, expect, it } from 'vitest'
import { BLANK, type Draft, fromLink, problems, toInput, toLink } from '../src/borrower/request/draft'

const GOOD: Draft = {
  ...BLANK,
  amount: '5,000',
  region: 'CA',
  fullName: ' Alex Sample ',
  income: '6,000',
  housing: '1,500',
  debts: '0',
  employmentMonths: '40',
  residenceMonths: '0',
}

describe('the rules of the form', () => {
  it('let a good draft pass, zero debts included', () => {
    for (const step of ['need', 'place', 'about'] as const) expect(problems(GOOD, step, 'en-US')).toEqual({})
  })

  it.each([
    ['need', { amount: '' }, { amount: 'missing' }],
    ['need', { amount: 'lots' }, { amount: 'not-a-number' }],
    ['need', { amount: '0' }, { amount: 'not-positive' }],
    ['need', { count: '' }, { count: 'missing' }],
    ['need', { count: '1.5' }, { count: 'not-whole' }],
    ['need', { count: '0' }, { count: { code: 'out-of-range', low: 1, high: 360 } }],
    ['need', { count: '31', unit: 'YEAR' }, { count: { code: 'out-of-range', low: 1, high: 30 } }],
    ['place', { region: '' }, { region: 'missing' }],
    ['place', { country: '' }, { country: 'missing' }],
    ['about', { fullName: ' A ' }, { fullName: 'name-too-short' }],
    ['about', { income: '-5' }, { income: 'not-positive' }],
    ['about', { housing: '1.234' }, { housing: 'too-many-decimals' }],
    ['about', { debts: '' }, { debts: 'missing' }],
    ['about', { employmentMonths: '901' }, { employmentMonths: { code: 'out-of-range', low: 0, high: 900 } }],
    ['about', { residenceMonths: 'x' }, { residenceMonths: 'not-whole' }],
  ] as const)('of %s name the field of %j', (step, wrong, expected) => {
    expect(problems({ ...GOOD, ...wrong } as Draft, step, 'en-US')).toEqual(expected)
  })

  it('ask for a state in the US alone', () => {
    expect(problems({ ...GOOD, country: 'DE', region: '' }, 'place', 'en-US')).toEqual({})
  })
})

describe('a link', () => {
  it('carries what is wanted and nothing about the person', () => {
    const link = toLink(GOOD).toString()
    expect(link).not.toContain('Alex')
    expect(link).not.toContain('6')
    expect(fromLink(new URLSearchParams(link))).toEqual({ ...BLANK, amount: '5,000', region: 'CA' })
  })

  it('that was tampered with spoils nothing', () => {
    expect(fromLink(new URLSearchParams('amount=<b>&unit=EON&country=usa&count=99999'))).toEqual(BLANK)
  })
})

it('amounts go out exact and in major units', () => {
  const input = toInput({ ...GOOD, income: '6,000.5' }, 'en-US')
  expect(input.amount).toEqual({ amount: '5000.00', currency: 'USD' })
  expect(input.applicant.monthlyIncome.amount).toBe('6000.50')
  expect(input.applicant.monthlyDebtPayments.amount).toBe('0')
  expect(input.applicant.fullName).toBe('Alex Sample')
})
