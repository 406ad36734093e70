// The part of a draft that still waits for its verdict.
import type { Sentence } from '../../shared/api/types'

const MARKS = /\s*\[\d+(?:\s*,\s*\d+)*\]/g

/** What of the draft stands behind the last checked sentence; all of it where that sentence is not found. */
export function uncheckedPart(draft: string, sentences: readonly Sentence[]): string {
  const plain = flat(draft)
  const last = sentences.at(-1)
  if (!last) return plain
  const words = flat(last.text)
  const at = plain.indexOf(words)
  return at < 0 ? plain : plain.slice(at + words.length).replace(/^[\s.!?]+/, '')
}

function flat(text: string): string {
  return text.replace(MARKS, '').replace(/\s+/g, ' ').trim()
}
