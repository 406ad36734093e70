import { describe, expect, test } from 'vitest'
import type { Answer, AnswerEvent } from '../../shared/api/types'
import { advance, announcement, begin } from './exchange'
import { uncheckedPart } from './prose'

const CITATION = { n: 1, document_id: 'doc_1', version: 'v', title: 'T', uri: 'u', start: 0, end: 3, page: null, also_in: [], quote: 'abc' }
const SENTENCE = { text: 'Six days carry over.', verdict: 'supported' as const, score: 0.9, citations: [1] }
const ANSWER: Answer = {
  id: 'ans_1',
  answer: 'Six days carry over. [1]',
  abstained: false,
  sentences: [SENTENCE],
  withheld: [{ text: 'x', verdict: 'unsupported', score: 0 }],
  citations: [CITATION],
  passages: [],
  nearest: [],
  model: 'm',
  prompt_hash: 'h',
  timings_ms: { total: 5 },
}

function after(...events: AnswerEvent[]) {
  return events.reduce(advance, begin(1, 'Q?'))
}

describe('an exchange', () => {
  test('collects the draft and forgets it once the answer is done', () => {
    const drafted = after({ event: 'token', data: { text: 'Six ' } }, { event: 'token', data: { text: 'days' } })
    expect(drafted.draft).toBe('Six days')
    expect(advance(drafted, { event: 'done', data: ANSWER })).toMatchObject({ phase: 'done', draft: '', answer: ANSWER })
  })

  test('keeps citations in order and each number once', () => {
    const citation = (n: number): AnswerEvent => ({ event: 'citation', data: { ...CITATION, n } })
    expect(after(citation(2), citation(1), citation(2)).citations.map(({ n }) => n)).toEqual([1, 2])
  })

  test('puts verdicts at their index', () => {
    const exchange = after({ event: 'verdict', data: { index: 1, sentence: SENTENCE } })
    expect(exchange.sentences[1]).toEqual(SENTENCE)
  })

  test('fails with the words of the error event', () => {
    const exchange = after({ event: 'error', data: { code: 'generator-unavailable', detail: 'Down.' } })
    expect(exchange).toMatchObject({ phase: 'failed', problem: { code: 'generator-unavailable', detail: 'Down.' } })
  })
})

test('only a settled answer is announced', () => {
  expect(announcement(after({ event: 'token', data: { text: 'Six' } }))).toBe('')
  expect(announcement(after({ event: 'done', data: ANSWER }))).toBe('Answer ready: 1 sentence, 1 footnote. 1 sentence withheld.')
  const abstained = { ...ANSWER, abstained: true, sentences: [] }
  expect(announcement(after({ event: 'done', data: abstained }))).toMatch(/^No supported answer/)
})

test('the draft shrinks from the front as sentences are checked', () => {
  const draft = 'Six  days carry over. [1] They expire\nin May [2].'
  expect(uncheckedPart(draft, [])).toBe('Six days carry over. They expire in May.')
  expect(uncheckedPart(draft, [SENTENCE])).toBe('They expire in May.')
  expect(uncheckedPart(draft, [{ ...SENTENCE, text: 'Reworded.' }])).toBe('Six days carry over. They expire in May.')
})
