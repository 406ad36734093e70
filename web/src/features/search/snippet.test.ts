import { expect, test } from 'vitest'
import { snippetOf } from './snippet'

function shown(text: string, query: string): string {
  return snippetOf(text, query).map(({ text, hit }) => (hit ? `[${text}]` : text)).join('')
}

test('searched words are told apart, whatever their case and alphabet', () => {
  expect(shown('Carry over the Days.', 'days OVER')).toBe('Carry [over] the [Days].')
  expect(shown('ימי חופשה בשנה', 'חופשה')).toBe('ימי [חופשה] בשנה')
})

test('parts of words and the signs of a pattern are no match', () => {
  expect(shown('Holidays (a.b) end.', 'days a.b (end')).toBe('Holidays (a.b) [end].')
})

test('a long passage is cut around the first match, between words', () => {
  const text = `${'before '.repeat(80)}target ${'after '.repeat(200)}`
  const snippet = shown(text, 'target')
  expect(snippet).toMatch(/^… before .*\[target] after .*…$/)
  expect(snippet.length).toBeLessThan(420)
})

test('a text without spaces is cut too', () => {
  expect(shown('x'.repeat(5000), 'day').length).toBeLessThan(400)
})
