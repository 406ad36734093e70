// Cuts a stored text into blocks to show. Together the blocks hold every character of it, in order.
import type { DocumentText } from '../../shared/api/types'
import { utf16Offsets } from '../../shared/scalar'

/** Syntax is a heading's `#`: kept in the text, not shown. */
export type Piece = { text: string; kind: 'plain' | 'marked' | 'syntax' }
export type Block = { at: number; kind: 'paragraph' | 'heading' | 'verbatim' | 'records'; level: number; page: number | null; pieces: Piece[] }
export type Range = { start: number; end: number }

type Source = Pick<DocumentText, 'text' | 'headings' | 'pages'>
/** Tables and code, whose columns only line up in a fixed width. */
const VERBATIM = /^(?:\||```|~~~| {4})/
/** Rows of a table as `Name: value; Name: value`, a line each. */
const RECORDS = /^[^\n:;|]{1,80}: [^\n;]*; [^\n:;]{1,80}: /
const HEADING_SYNTAX = /^#{1,6}[ \t]+/

type Cut = { at: number; level: number; page: number | null }

/** Blocks of `source`, the characters in `range` (Unicode scalar values, like all offsets given) marked. */
export function blocksOf({ text, headings, pages }: Source, range: Range | null): Block[] {
  const given = [...headings.map(({ start }) => start), ...pages.map(({ start }) => start), range?.start ?? 0, range?.end ?? 0]
  const offsets = utf16Offsets(text, given)
  const marked = { start: offsets.at(-2) ?? 0, end: offsets.at(-1) ?? 0 }

  const cuts = new Map<number, Cut>()
  const cut = (at: number) => {
    const found = cuts.get(at) ?? { at, level: 0, page: null }
    cuts.set(at, found)
    return found
  }
  cut(0)
  for (const gap of text.matchAll(/\n{2,}/g)) cut(gap.index + gap[0].length)
  headings.forEach(({ level }, index) => {
    const start = lineStart(text, offsets[index] ?? 0)
    cut(start).level = level
    cut(lineEnd(text, start))
  })
  pages.forEach(({ number }, index) => {
    cut(offsets[headings.length + index] ?? 0).page = number
  })

  const sorted = [...cuts.values()].sort((a, b) => a.at - b.at)
  return sorted.flatMap(({ at, level, page }, index) => {
    const end = sorted[index + 1]?.at ?? text.length
    if (end <= at) return []
    const kind = level > 0 ? 'heading' : kindOf(text.slice(at, end))
    const hidden = kind === 'heading' ? (HEADING_SYNTAX.exec(text.slice(at, end))?.[0].length ?? 0) : 0
    return [{ at, kind, level, page, pieces: piecesOf(text, at, end, hidden, marked) }]
  })
}

function kindOf(block: string): Block['kind'] {
  if (VERBATIM.test(block)) return 'verbatim'
  return RECORDS.test(block) ? 'records' : 'paragraph'
}

/** `text[start, end)` cut where the marked range and the `hidden` first characters of syntax begin and end. */
function piecesOf(text: string, start: number, end: number, hidden: number, marked: Range): Piece[] {
  const within = (offset: number) => Math.min(Math.max(offset, start), end)
  const shown = start + hidden
  const edges = [start, within(shown), within(marked.start), within(marked.end), end].sort((a, b) => a - b)
  return edges.flatMap((from, index) => {
    const to = edges[index + 1] ?? end
    if (to === from) return []
    const isMarked = from >= marked.start && to <= marked.end
    return [{ text: text.slice(from, to), kind: isMarked ? 'marked' : to <= shown ? 'syntax' : 'plain' }]
  })
}

/** Where the line holding `offset` starts. */
function lineStart(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1
}

/** Just behind the line that starts at `start`, its line breaks included. */
function lineEnd(text: string, start: number): number {
  let end = text.indexOf('\n', start)
  if (end < 0) return text.length
  while (text[end] === '\n') end += 1
  return end
}
