// A few lines of a passage around the words that were searched for.

export type SnippetPiece = { text: string; hit: boolean }

const LENGTH = 320
const LEAD = 60

/** The neighbourhood of the first searched word in `text`, cut between words, the searched words told apart. */
export function snippetOf(text: string, query: string): SnippetPiece[] {
  const words = query.match(/[\p{L}\p{N}]{3,}/gu) ?? []
  const flat = text.replace(/\s+/g, ' ').trim()
  if (words.length === 0) return [{ text: shorten(flat, 0), hit: false }]
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(${words.join('|')})(?![\\p{L}\\p{N}])`, 'giu')
  const first = flat.search(pattern)
  const pieces = shorten(flat, Math.max(0, first - LEAD)).split(pattern)
  return pieces.map((piece, index) => ({ text: piece, hit: index % 2 === 1 })).filter(({ text }) => text !== '')
}

function shorten(text: string, from: number): string {
  const start = from === 0 ? 0 : text.indexOf(' ', from) + 1
  const rest = text.slice(start)
  const cut = rest.length <= LENGTH ? rest : `${rest.slice(0, rest.lastIndexOf(' ', LENGTH) + 1 || LENGTH)}…`
  return start > 0 ? `… ${cut}` : cut
}
