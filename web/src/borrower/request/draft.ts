// What a borrower fills in. Text as it was typed, so that going back loses nothing; checked step by step.

import type { TermUnit } from '../../format/dates'
import { parseAmount } from '../../format/money'

export const CURRENCIES = ['USD', 'EUR', 'GBP', 'INR'] as const
export const TERM_UNITS = ['DAY', 'WEEK', 'MONTH', 'YEAR'] as const satisfies readonly TermUnit[]
export const PURPOSES = ['DEBT_CONSOLIDATION', 'HOME_IMPROVEMENT', 'PURCHASE', 'EDUCATION', 'MEDICAL', 'BUSINESS', 'OTHER'] as const
export const EMPLOYMENTS = ['EMPLOYED', 'SELF_EMPLOYED', 'STUDENT', 'RETIRED', 'UNEMPLOYED'] as const

export interface Draft {
  readonly amount: string
  readonly currency: (typeof CURRENCIES)[number]
  readonly count: string
  readonly unit: (typeof TERM_UNITS)[number]
  readonly purpose: (typeof PURPOSES)[number]
  readonly secured: boolean
  readonly country: string
  readonly region: string
  readonly fullName: string
  readonly income: string
  readonly housing: string
  readonly debts: string
  readonly employment: (typeof EMPLOYMENTS)[number]
  readonly employmentMonths: string
  readonly residenceMonths: string
  readonly military: boolean
  /** `2000-01-31`, or empty. */
  readonly born: string
  /** Token to lock: contract, chain and base units; empty until a wallet told of it. */
  readonly token: string
  readonly chainId: string
  readonly units: string
  readonly wallet: string
  /** A loan that the new one is to repay. */
  readonly refinances: string
}

export const BLANK: Draft = {
  amount: '',
  currency: 'USD',
  count: '24',
  unit: 'MONTH',
  purpose: 'OTHER',
  secured: false,
  country: 'US',
  region: '',
  fullName: '',
  income: '',
  housing: '',
  debts: '',
  employment: 'EMPLOYED',
  employmentMonths: '',
  residenceMonths: '',
  military: false,
  born: '',
  token: '',
  chainId: '',
  units: '',
  wallet: '',
  refinances: '',
}

/** Longest time that can be asked for, in each unit. */
const LONGEST: Record<TermUnit, number> = { DAY: 3650, WEEK: 520, MONTH: 360, YEAR: 30 }

/** A code of `text.problems`, with its figures. */
export type Problem = string | { readonly code: 'out-of-range'; readonly low: number; readonly high: number }

type Rule = (typed: string) => Problem | null

const whole =
  (low: number, high: number): Rule =>
  (typed) => {
    const text = typed.trim()
    if (text === '') return 'missing'
    if (!/^\d{1,6}$/.test(text)) return 'not-whole'
    return Number(text) < low || Number(text) > high ? { code: 'out-of-range', low, high } : null
  }

const amountOf =
  (currency: string, locale: string, zero: boolean): Rule =>
  (typed) => {
    const parsed = parseAmount(typed, currency, locale)
    return parsed.ok || (zero && parsed.problem === 'not-positive' && !typed.includes('-')) ? null : parsed.problem
  }

const like =
  (pattern: RegExp, problem: string): Rule =>
  (typed) =>
    pattern.test(typed) ? null : problem

/** A day in the calendar on which somebody of age can have been born. */
export function isBirth(date: string, today = new Date()): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date)
  if (match === null) return false
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const real = new Date(Date.UTC(year, month - 1, day))
  if (real.getUTCMonth() !== month - 1 || real.getUTCDate() !== day) return false
  const adult = new Date(Date.UTC(year + 18, month - 1, day))
  return year > today.getUTCFullYear() - 120 && adult.getTime() <= today.getTime()
}

export type Step = 'need' | 'place' | 'about'

/** The rules of each step, by field. */
export function rules(draft: Draft, locale: string): Record<Step, Partial<Record<keyof Draft, Rule>>> {
  const amount = (zero: boolean) => amountOf(draft.currency, locale, zero)
  return {
    need: {
      amount: amount(false),
      count: whole(1, LONGEST[draft.unit]),
      ...(draft.secured && draft.refinances === '' && { units: like(/^[1-9]\d{0,77}$/, 'no-token') }),
    },
    place: {
      country: like(/^[A-Z]{2}$/, 'missing'),
      ...(draft.country === 'US' && { region: like(/^[A-Z]{2}$/, 'missing') }),
    },
    about: {
      fullName: (name) => (name.trim().length >= 2 && name.trim().length <= 200 ? null : 'name-too-short'),
      income: amount(true),
      housing: amount(true),
      debts: amount(true),
      employmentMonths: whole(0, 900),
      residenceMonths: whole(0, 1200),
      born: (date) => (date === '' || isBirth(date) ? null : 'not-a-birthday'),
    },
  }
}

/** What is wrong in a step, by field; empty when nothing is. */
export function problems(draft: Draft, step: Step, locale: string): Partial<Record<keyof Draft, Problem>> {
  const found: Partial<Record<keyof Draft, Problem>> = {}
  for (const [field, rule] of Object.entries(rules(draft, locale)[step]) as [keyof Draft, Rule][]) {
    const problem = rule(String(draft[field]))
    if (problem !== null) found[field] = problem
  }
  return found
}

/** What a link may carry: what is wanted, nothing about the person. */
export function toLink(draft: Draft): URLSearchParams {
  const { amount, currency, count, unit, purpose, secured, country, region } = draft
  const link = new URLSearchParams({ currency, count, unit, purpose, country })
  if (amount !== '') link.set('amount', amount)
  if (region !== '') link.set('region', region)
  if (secured) link.set('secured', '1')
  if (draft.refinances !== '') link.set('refinances', draft.refinances)
  return link
}

/** A draft of a link; what the link spoils stays blank. */
export function fromLink(link: URLSearchParams): Draft {
  const one = <T extends string>(key: string, known: readonly T[], otherwise: T): T => known.find((value) => value === link.get(key)) ?? otherwise
  const text = (key: string, pattern: RegExp, otherwise: string) => {
    const value = link.get(key) ?? ''
    return pattern.test(value) ? value : otherwise
  }
  return {
    ...BLANK,
    amount: text('amount', /^[\d.,]{1,20}$/, ''),
    currency: one('currency', CURRENCIES, BLANK.currency),
    count: text('count', /^\d{1,4}$/, BLANK.count),
    unit: one('unit', TERM_UNITS, BLANK.unit),
    purpose: one('purpose', PURPOSES, BLANK.purpose),
    secured: link.get('secured') === '1',
    country: text('country', /^[A-Z]{2}$/, BLANK.country),
    region: text('region', /^[A-Z0-9]{1,3}$/, ''),
    refinances: text('refinances', /^loan_[0-9a-f]{32}$/, ''),
  }
}

/** The request as the service takes it. The draft has passed every step. */
export function toInput(draft: Draft, locale: string) {
  const money = (typed: string) => {
    const parsed = parseAmount(typed, draft.currency, locale)
    return { amount: parsed.ok ? parsed.amount : '0', currency: draft.currency }
  }
  return {
    amount: money(draft.amount),
    term: { count: Number(draft.count), unit: draft.unit },
    purpose: draft.purpose,
    country: draft.country,
    ...(draft.region === '' ? {} : { region: draft.region }),
    ...(draft.refinances !== '' ? { refinances: draft.refinances } : draft.wallet === '' ? {} : { wallet: draft.wallet }),
    ...(draft.refinances === '' && draft.secured && draft.units !== '' ? { collateral: { chainId: draft.chainId, token: draft.token, units: draft.units } } : {}),
    applicant: {
      fullName: draft.fullName.trim(),
      monthlyIncome: money(draft.income),
      monthlyHousingCost: money(draft.housing),
      monthlyDebtPayments: money(draft.debts),
      employment: draft.employment,
      employmentMonths: Number(draft.employmentMonths),
      residenceMonths: Number(draft.residenceMonths),
      militaryCovered: draft.military,
      ...(draft.born === '' ? {} : { dateOfBirth: draft.born }),
    },
  }
}
