import { describe, expect, it } from 'vitest'
import { formatDate, formatTerm, formatUntil } from '../src/format/dates'
import { decimalsOf, formatMoney, minorOf, minus, ofMinor, parseAmount } from '../src/format/money'
import { compareRates, formatPercent, pointsBetween } from '../src/format/rate'

describe('money', () => {
  it('is written as the locale writes it', () => {
    expect(formatMoney({ amount: '1250.00', currency: 'USD' }, 'en-US')).toBe('$1,250.00')
    expect(formatMoney({ amount: '1250.00', currency: 'USD' }, 'en-US', true)).toBe('$1,250')
    expect(formatMoney({ amount: '1250.50', currency: 'USD' }, 'en-US', true)).toBe('$1,250.50')
    expect(formatMoney({ amount: '1250.00', currency: 'EUR' }, 'es-ES')).toBe('1250,00\u00a0€')
    expect(formatMoney({ amount: '125000', currency: 'JPY' }, 'en-US')).toBe('¥125,000')
  })

  it('keeps every digit of an amount that a float would lose', () => {
    expect(formatMoney({ amount: '90071992547409.93', currency: 'USD' }, 'en-US')).toBe('$90,071,992,547,409.93')
  })

  it('is read with the separators of the locale', () => {
    expect(parseAmount('5,000', 'USD', 'en-US')).toEqual({ ok: true, amount: '5000.00' })
    expect(parseAmount(' 5 000.5 ', 'USD', 'en-US')).toEqual({ ok: true, amount: '5000.50' })
    expect(parseAmount('5.000,50', 'EUR', 'es-ES')).toEqual({ ok: true, amount: '5000.50' })
    expect(parseAmount('007', 'USD', 'en-US')).toEqual({ ok: true, amount: '7.00' })
    expect(parseAmount('1,00,000', 'INR', 'en-IN')).toEqual({ ok: true, amount: '100000.00' })
    expect(parseAmount('5000', 'JPY', 'en-US')).toEqual({ ok: true, amount: '5000' })
  })

  it('says what is wrong with an amount', () => {
    const problem = (typed: string, currency = 'USD') => {
      const parsed = parseAmount(typed, currency, 'en-US')
      return parsed.ok ? parsed.amount : parsed.problem
    }
    expect(problem('')).toBe('missing')
    expect(problem('five')).toBe('not-a-number')
    expect(problem('5,0')).toBe('not-a-number')
    expect(problem('1e5')).toBe('not-a-number')
    expect(problem('1.234')).toBe('too-many-decimals')
    expect(problem('1.5', 'JPY')).toBe('too-many-decimals')
    expect(problem('0.00')).toBe('not-positive')
    expect(problem('-5')).toBe('not-positive')
    expect(problem('12345678901234')).toBe('too-large')
  })

  it('adds and takes away in minor units', () => {
    expect(minorOf({ amount: '-12.34', currency: 'USD' })).toBe(-1234n)
    expect(ofMinor(-5n, 'USD')).toEqual({ amount: '-0.05', currency: 'USD' })
    expect(minus({ amount: '0.30', currency: 'USD' }, { amount: '0.10', currency: 'USD' }).amount).toBe('0.20')
    expect(() => minus({ amount: '1', currency: 'USD' }, { amount: '1', currency: 'EUR' })).toThrow('USD less EUR')
    expect(decimalsOf('INR')).toBe(2)
  })
})

describe('rates', () => {
  it('are written with two decimals and compared exactly', () => {
    expect(formatPercent('9.6857', 'en-US')).toBe('9.69\u00a0%')
    expect(formatPercent('17.2200', 'es-ES')).toBe('17,22\u00a0%')
    expect(pointsBetween('17.2200', '11.9900')).toBe('5.2300')
    expect(pointsBetween('1.0000', '1.0001')).toBe('-0.0001')
    expect(compareRates('10.0000', '9.9999')).toBe(1)
  })
})

describe('dates', () => {
  it('are the same day everywhere', () => {
    expect(formatDate('2026-12-01', 'en-US')).toBe('December 1, 2026')
    expect(formatDate('2026-12-01', 'es-ES')).toBe('1 de diciembre de 2026')
  })

  it('tell lengths in words', () => {
    expect(formatTerm(24, 'MONTH', 'en-US')).toBe('24 months')
    expect(formatTerm(1, 'MONTH', 'es-ES')).toBe('1 mes')
    expect(formatUntil('2026-12-04T00:00:00Z', new Date('2026-12-01T00:00:00Z'), 'en-US')).toBe('in 3 days')
    expect(formatUntil('2026-12-01T00:00:30Z', new Date('2026-12-01T00:00:00Z'), 'en-US')).toBe('in 30 seconds')
  })
})
