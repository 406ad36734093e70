import { expect, test } from 'vitest'
import { readerHref, targetFrom } from './reader'

const TARGET = { documentId: 'doc_01J', version: 'ab12', start: 3, end: 9 }

test('a target survives the address bar', () => {
  const href = readerHref(TARGET, '/search', '?q=leave')
  const query = new URLSearchParams(href.split('?')[1])
  expect(query.get('q')).toBe('leave')
  expect(targetFrom(query)).toEqual(TARGET)
})

test('closing keeps what else the address says', () => {
  expect(readerHref(null, '/search', '?q=leave&doc=doc_01J&s=1&e=2')).toBe('/search?q=leave')
  expect(readerHref(null, '/', '?doc=doc_01J')).toBe('/')
})

test('a range that is none is dropped, the document still opens', () => {
  for (const range of ['s=9&e=3', 's=-1&e=3', 's=1', 's=x&e=y', '']) {
    expect(targetFrom(new URLSearchParams(`doc=doc_01J&${range}`))).toEqual({ documentId: 'doc_01J' })
  }
})
