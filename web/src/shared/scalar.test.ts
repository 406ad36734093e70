import { expect, test } from 'vitest'
import { sliceScalars, utf16Offsets } from './scalar'

test('characters outside the first plane count once, not twice', () => {
  const text = 'a😀b𝒳c'
  expect(utf16Offsets(text, [0, 1, 2, 3, 4, 5])).toEqual([0, 1, 3, 4, 6, 7])
})

test('offsets come back in the order they were asked for', () => {
  expect(utf16Offsets('😀😀😀', [3, 0, 2])).toEqual([6, 0, 4])
})

test('offsets past the end give the end', () => {
  expect(utf16Offsets('é😀', [2, 99])).toEqual([3, 3])
})

test('joined emoji, flags, combining marks and right-to-left text are cut where the server cuts them', () => {
  for (const text of ['👩🏽‍🔬 in 🇮🇱', 'e\u0301le\u0300ve', 'שלום 𝒳 עולם', 'plain']) {
    const scalars = [...text]
    for (let start = 0; start <= scalars.length; start += 1) {
      for (let end = start; end <= scalars.length; end += 1) {
        expect(sliceScalars(text, start, end)).toBe(scalars.slice(start, end).join(''))
      }
    }
  }
})
