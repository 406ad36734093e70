import { afterEach, expect, test, vi } from 'vitest'
import { ProblemError } from '../../shared/api/problem'
import type { AnswerEvent } from '../../shared/api/types'
import { streamAnswer } from './stream'

function respond(parts: string[], init: ResponseInit = {}) {
  const bytes = new TextEncoder().encode(parts.join(''))
  const body = new ReadableStream({
    start(controller) {
      // Pieces of three bytes: characters and lines arrive torn.
      for (let at = 0; at < bytes.length; at += 3) controller.enqueue(bytes.slice(at, at + 3))
      controller.close()
    },
  })
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(body, init)))
}

async function collect(): Promise<AnswerEvent[]> {
  const events: AnswerEvent[] = []
  await streamAnswer('Q?', new AbortController().signal, (event) => events.push(event))
  return events
}

afterEach(() => {
  vi.unstubAllGlobals()
})

test('events are read from torn bytes; comments and unknown names are passed over', async () => {
  respond([
    ': keep-alive\n\n',
    'event: token\nid: 1\ndata: {"text":"größer 😀"}\n\n',
    'event: later-version\ndata: {}\n\n',
    'event: error\ndata: {"code":"c","detail":"d"}\n\n',
    'event: token\ndata: {"text":"after the end"}\n\n',
  ])
  expect(await collect()).toEqual([
    { event: 'token', data: { text: 'größer 😀' } },
    { event: 'error', data: { code: 'c', detail: 'd' } },
  ])
})

test('a stream that ends without done is a problem', async () => {
  respond(['event: token\ndata: {"text":"a"}\n\n'])
  await expect(collect()).rejects.toMatchObject({ problem: { code: 'stream-ended' } })
})

test('a refusal before the stream is read as problem+json', async () => {
  respond(['{"title":"No","detail":"Ask something.","code":"bad-question"}'], { status: 400 })
  const failure: unknown = await collect().catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(ProblemError)
  expect(failure).toMatchObject({ problem: { detail: 'Ask something.', status: 400 } })
})
