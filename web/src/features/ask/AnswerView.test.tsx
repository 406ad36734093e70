import { cleanup, render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, expect, test, vi } from 'vitest'
import type { Answer } from '../../shared/api/types'
import { AnswerView } from './AnswerView'
import { advance, begin, fail, type Exchange } from './exchange'

const CITATION = {
  n: 1, document_id: 'doc_1', version: 'v1', title: 'Leave policy', uri: 'people/leave.md',
  start: 10, end: 20, page: 3, quote: 'at most 6 unused days',
  also_in: [{ document_id: 'doc_2', title: 'Leave policy, PDF', uri: 'people/leave.pdf' }],
}
const ANSWER: Answer = {
  id: 'ans_1',
  answer: '',
  abstained: false,
  sentences: [
    { text: 'Six days carry over.', verdict: 'supported', score: 0.9, citations: [1] },
    { text: 'They <b>expire</b> late.', verdict: 'partial', score: 0.5, citations: [] },
  ],
  withheld: [{ text: 'They are paid out.', verdict: 'unsupported', score: 0.1 }],
  citations: [CITATION],
  passages: [],
  nearest: [],
  model: 'm',
  prompt_hash: 'h',
  timings_ms: { total: 1200 },
}

function done(answer: Answer): Exchange {
  return advance(begin(1, 'How many days?'), { event: 'done', data: answer })
}

function show(exchange: Exchange, onRetry = () => undefined) {
  return render(<AnswerView exchange={exchange} onRetry={onRetry} />)
}

afterEach(cleanup)

test('a footnote shows its quote on focus, hides it on Escape and links to the exact range', async () => {
  show(done(ANSWER))
  const mark = screen.getByRole('doc-noteref', { name: 'Footnote 1: Leave policy' })
  expect(mark.getAttribute('href')).toBe('/?doc=doc_1&v=v1&s=10&e=20')
  await userEvent.tab()
  expect(document.activeElement).toBe(mark)
  const card = document.querySelector('[role=tooltip]')
  expect(card?.textContent).toBe('Leave policy p. 3at most 6 unused days')
  expect(mark.getAttribute('aria-describedby')).toBe(card?.id)
  await userEvent.keyboard('{Escape}')
  expect(document.querySelector('[role=tooltip]')).toBeNull()
})

test('a footnote names the other documents that say the same', () => {
  show(done(ANSWER))
  const other = screen.getByRole('link', { name: 'Leave policy, PDF' })
  expect(other.getAttribute('href')).toBe('/?doc=doc_2')
  expect(other.getAttribute('title')).toBe('people/leave.pdf')
})

test('partial support is said in words, withheld sentences are folded away', () => {
  const { container } = show(done(ANSWER))
  expect(screen.getByText('partly supported')).toBeDefined()
  expect(screen.getByText('1 sentence withheld: no support found')).toBeDefined()
  expect(container.querySelector('details')?.open).toBe(false)
})

test('words of an answer are never markup', () => {
  const { container } = show(done(ANSWER))
  expect(screen.getByText('They <b>expire</b> late.')).toBeDefined()
  expect(container.querySelector('b')).toBeNull()
})

test('an abstention offers the nearest documents', () => {
  const nearest = [{ document_id: 'doc_9', title: 'Parking', uri: 'office/parking.txt', score: 0.2 }]
  show(done({ ...ANSWER, abstained: true, answer: 'Nothing answers this.', sentences: [], withheld: [], citations: [], nearest }))
  expect(screen.getByText('Nothing answers this.')).toBeDefined()
  const link = within(screen.getByRole('list')).getByRole('link')
  expect(link.getAttribute('href')).toBe('/?doc=doc_9')
})

test('a failure can be tried again', async () => {
  const onRetry = vi.fn()
  show(fail(begin(1, 'Q?'), { title: 'Down', detail: 'Later.', code: 'c', status: 503 }), onRetry)
  expect(screen.getByRole('alert').textContent).toContain('Later.')
  await userEvent.click(screen.getByRole('button', { name: 'Ask again' }))
  expect(onRetry).toHaveBeenCalledOnce()
})

test('the draft is labelled as unverified', () => {
  show(advance(begin(1, 'Q?'), { event: 'token', data: { text: 'Maybe so.' } }))
  expect(screen.getByText('Unverified draft')).toBeDefined()
  expect(screen.getByText('Maybe so.')).toBeDefined()
})
