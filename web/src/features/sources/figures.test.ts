import { expect, test } from 'vitest'
import type { SourceSummary } from '../../shared/api/types'
import { differences, holds, pace, remedyFor, stateOf } from './figures'
import { SOURCE } from './sample'

function source(changes: Partial<SourceSummary>): SourceSummary {
  return { ...SOURCE, ...changes }
}

test('a source that is all there has nothing to explain', () => {
  expect(differences(SOURCE)).toEqual([])
  expect(holds(SOURCE)).toBe('3 of 3 documents can be found')
})

test('every difference is named once', () => {
  const behind = source({ source_count: 10, indexed_count: 4, waiting_count: 1, failed_count: 2, duplicate_count: 1 })
  expect(differences(behind)).toEqual([
    '1 waits for the indexes',
    '2 could not be read',
    '3 have not been read yet',
    '1 has the very text of another document, which answers for it',
  ])
})

test('a document that failed but is still found is not counted as unread', () => {
  expect(differences(source({ failed_count: 1 }))).toEqual(['1 could not be read'])
})

test('a running sync tells how far it is, as far as that is known', () => {
  expect(pace(source({ done: 120, total: 400, rate: 12.4, eta_seconds: 22.6 }))).toBe('120 of 400 items · 12 a second · less than a minute left')
  expect(pace(source({ done: 1, rate: 0.5 }))).toBe('1 item · 0.5 a second')
  expect(pace(source({ done: 0, total: 400, rate: 0 }))).toBe('0 of 400 items')
  expect(pace(source({ done: 5, total: 9000, rate: 1, eta_seconds: 8995 }))).toContain('about 2 hours left')
})

test('a push source is ready, not idle', () => {
  expect(stateOf(SOURCE)).toBe('Idle')
  expect(stateOf(source({ kind: 'push' }))).toBe('Ready')
  expect(stateOf(source({ kind: 'push', state: 'paused' }))).toBe('Paused')
})

test('every reason has a remedy', () => {
  expect(remedyFor('parse a.pdf: it is encrypted and needs a password')).toMatch(/password/)
  expect(remedyFor('read a.txt: the file is empty')).toMatch(/no text/)
  expect(remedyFor('read a.exe: it holds a program, which has no parser')).toMatch(/PDF, Word/)
  expect(remedyFor('read a.pdf: the file is over the limit of 64 MB')).toMatch(/Split/)
  expect(remedyFor('parse a.pdf: every page is scanned')).toMatch(/OCR/)
  expect(remedyFor('parse a.docx as Word: no document part')).toMatch(/whole/)
})
