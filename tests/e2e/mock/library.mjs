// Documents of an invented maker of data loggers, with the traps that offsets fall into: emoji, combining marks, right to left.

import { createHash } from 'node:crypto'

const leave = `# Leave policy

Owner: Rosalind Achterberg, Head of People. Valid from 1 January 2025. This version replaces the leave policy of 2023.

This policy applies to everyone with an employment contract at Isbrecke Instruments in Groningen, Braga and Halifax.

## Annual leave

Full-time employees in Groningen and Braga receive 27 days of paid annual leave per calendar year. Full-time employees in Halifax receive 22 days of paid annual leave, plus the week between 25 and 31 December when the Halifax office is closed.

Ask for leave in Tern, the leave tool, at least two weeks ahead for absences of three days or more. Your line manager answers within five working days; a request that has not been answered by then counts as approved. 🗓️

## Carrying days over

You may carry over at most 6 unused days into the next year. Carried-over days expire on 31 May. Days that you could not take because of long illness or parental leave do not expire until five years after the year in which they were earned.

## Buying and selling days

Once a year, during the first two weeks of November, you may buy up to 5 extra days for the coming year or sell up to 3 days above the legal minimum. The price of one day is 0.46 % of your annual base pay.
`

const leaveOld = leave.replace('27 days', '26 days').replace('at most 6 unused days', 'at most 4 unused days')

const datasheet = `Rime 3 temperature logger — data sheet

Operating range

The Rime 3 works from −40 °C to +85 °C and from 0 to 100 % relative humidity. 👩🏽‍🔬 Calibrated in our own laboratory.

Accuracy is ±1.5 % RH between 10 and 90 % RH, and ±0.2 °C between 0 and 60 °C.

Supply

The supply voltage is 2.4 to 5.5 V; the mean current is 1.7 µA at one measurement per second.

Handling

Keep the sensor in its shielding bag until it is mounted. Do not touch the membrane.
`

const hebrew = `דף מידע לעובדים 🧾

העובדים זכאים ל־28 ימי חופשה בשנה. 𝒳-Team (🇮🇱) מאשר בקשות בתוך שלושה ימים.

שאלות? פנו אל מחלקת משאבי אנוש.
`

const long = Array.from(
  { length: 900 },
  (_, n) => `Entry ${n + 1}. The reading of channel ${n % 16} was within limits, and the operator signed the log${n % 7 === 0 ? ' 🖊️' : ''}.`,
).join('\n\n')

function scalar(text, utf16) {
  return [...text.slice(0, utf16)].length
}

/** Scalar offsets of `quote` in `text`. */
export function rangeOf(text, quote) {
  const at = text.indexOf(quote)
  if (at < 0) throw new Error(`the mock's text does not hold: ${quote}`)
  return { start: scalar(text, at), end: scalar(text, at + quote.length) }
}

function headingsOf(text, lines) {
  return lines.map(([level, line]) => ({ level, start: rangeOf(text, line).start, text: line }))
}

function entry(id, title, uri, media_type, texts, headings, pages = () => []) {
  const versions = texts.map((text, n) => ({
    hash: createHash('sha256').update(text).digest('hex'),
    created_at: `2026-0${n + 3}-14T08:30:00Z`,
    live: n === texts.length - 1,
    text,
    headings: headingsOf(text, headings),
    pages: pages(text),
  }))
  return { id: `doc_01J0000000000000000000${id}`, title, uri, media_type, modified_at: versions.at(-1).created_at, versions }
}

export const documents = {
  leave: entry('LEAV', 'Leave policy', 'people/leave-policy.md', 'text/markdown', [leaveOld, leave], [
    [1, 'Leave policy'],
    [2, 'Annual leave'],
    [2, 'Carrying days over'],
    [2, 'Buying and selling days'],
  ]),
  datasheet: entry('DATA', 'Rime 3 data sheet', 'product/rime3-datasheet.pdf', 'application/pdf', [datasheet],
    [[1, 'Rime 3 temperature logger — data sheet'], [2, 'Operating range'], [2, 'Supply'], [2, 'Handling']],
    (text) => [{ number: 1, start: 0 }, { number: 2, start: rangeOf(text, 'Supply\n').start }]),
  hebrew: entry('HEBR', 'דף מידע לעובדים', 'people/he/info.txt', 'text/plain', [hebrew], []),
  long: entry('LONG', 'Operator log, line 3, with a rather long title that has to wrap on a small screen', 'plant/line-3/operator-log.txt', 'text/plain', [long], []),
}

for (let n = 1; n <= 40; n += 1) {
  documents[`note${n}`] = entry(`N${String(n).padStart(3, '0')}`, `Field note ${n}`, `notes/${n}.md`, 'text/markdown', [`Field note ${n}\n\nNothing out of the ordinary.\n`], [])
}

/** The passage of a document's live (or numbered) version that holds `quote`, and the citation of exactly it. */
export function cite(n, document, quote, page = null, version = document.versions.at(-1)) {
  const { id: document_id, title, uri } = document
  return { n, document_id, version: version.hash, title, uri, ...rangeOf(version.text, quote), page, quote }
}

export function passageOf(citation, chunk_id) {
  const { document_id, version, title, uri, start, end, page, quote } = citation
  return { chunk_id, document_id, version, title, uri, context: title, start, end, page, text: quote, score: 0.8 }
}
