import { describe, expect, it } from 'vitest'
import { localeOf, preferred } from '../src/text'
import { en } from '../src/text/en'
import { es } from '../src/text/es'

function leaves(value: object, path = ''): Map<string, unknown> {
  const found = new Map<string, unknown>()
  for (const [key, part] of Object.entries(value)) {
    const here = path === '' ? key : `${path}.${key}`
    if (typeof part === 'object' && part !== null) for (const [k, v] of leaves(part, here)) found.set(k, v)
    else found.set(here, part)
  }
  return found
}

describe('texts', () => {
  it('of both languages say the same things', () => {
    const [english, spanish] = [leaves(en), leaves(es)]
    expect([...spanish.keys()].sort()).toEqual([...english.keys()].sort())
    const same = [...english].filter(([key, text]) => typeof text === 'string' && spanish.get(key) === text)
    expect(same.map(([key]) => key)).toEqual(['app.title'])
  })

  it('follow the choice, then the browser, then English', () => {
    expect(preferred('es', ['en-US'])).toBe('es')
    expect(preferred(null, ['fr-FR', 'es-MX', 'en-US'])).toBe('es')
    expect(preferred('xx', ['fr-FR'])).toBe('en')
    expect(localeOf('es', ['es-MX', 'en-US'])).toBe('es-MX')
    expect(localeOf('es', ['en-US'])).toBe('es-ES')
  })
})
