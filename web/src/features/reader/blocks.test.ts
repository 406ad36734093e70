import { describe, expect, test } from 'vitest'
import { blocksOf, type Block } from './blocks'

const TEXT = ['# Größe 📏', 'A first 😀 paragraph.\nSecond line.', '| a | b |\n|---|---|', '## Next\nWords under it.'].join('\n\n')
const SOURCE = {
  text: TEXT,
  headings: [
    { level: 1, start: 2, text: 'Größe 📏' },
    { level: 2, start: scalarAt('Next'), text: 'Next' },
  ],
  pages: [{ number: 1, start: 0 }, { number: 2, start: scalarAt('| a') }],
}

function scalarAt(words: string): number {
  return [...TEXT.slice(0, TEXT.indexOf(words))].length
}

function rangeOf(words: string) {
  return { start: scalarAt(words), end: scalarAt(words) + [...words].length }
}

function textOf(blocks: Block[], kind?: 'marked'): string {
  return blocks.flatMap(({ pieces }) => pieces.filter((piece) => !kind || piece.kind === kind).map(({ text }) => text)).join('')
}

describe('whatever is marked', () => {
  const ranges = ['first 😀 paragraph', '😀', 'line.\n\n| a', '## Next\nWords', 'Größe', TEXT].map(rangeOf)
  test.each(ranges)('exactly the range is marked and no character is lost: %o', (range) => {
    const blocks = blocksOf(SOURCE, range)
    expect(textOf(blocks)).toBe(TEXT)
    expect(textOf(blocks, 'marked')).toBe([...TEXT].slice(range.start, range.end).join(''))
  })

  test('every possible range', () => {
    const scalars = [...TEXT]
    for (let start = 0; start < scalars.length; start += 1) {
      for (let end = start + 1; end <= scalars.length; end += 1) {
        const blocks = blocksOf(SOURCE, { start, end })
        expect(textOf(blocks)).toBe(TEXT)
        expect(textOf(blocks, 'marked')).toBe(scalars.slice(start, end).join(''))
      }
    }
  })
})

test('headings, tables and pages are told apart', () => {
  const blocks = blocksOf(SOURCE, null)
  expect(blocks.map(({ kind, level, page }) => [kind, level, page])).toEqual([
    ['heading', 1, 1],
    ['paragraph', 0, null],
    ['verbatim', 0, 2],
    ['heading', 2, null],
    ['paragraph', 0, null],
  ])
  expect(blocks[0]?.pieces[0]).toEqual({ text: '# ', kind: 'syntax' })
})

test('rows of a table keep their lines', () => {
  const text = 'Plan: Basic; Price: 9 EUR\nPlan: Large; Price: 29 EUR\n\nNote: prices change; ask first.'
  const kinds = blocksOf({ text, headings: [], pages: [] }, null).map(({ kind }) => kind)
  expect(kinds).toEqual(['records', 'paragraph'])
})

test('offsets outside the text mark nothing and break nothing', () => {
  const source = { text: 'short', headings: [{ level: 1, start: 99, text: 'gone' }], pages: [{ number: 9, start: 99 }] }
  const blocks = blocksOf(source, { start: 50, end: 60 })
  expect(textOf(blocks)).toBe('short')
  expect(textOf(blocks, 'marked')).toBe('')
  expect(blocksOf({ text: '', headings: [], pages: [] }, null)).toEqual([])
})
