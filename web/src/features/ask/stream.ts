// Asks the server and hands over its events one by one.
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { refuse } from '../../shared/api/client'
import { ProblemError } from '../../shared/api/problem'
import type { AnswerEvent } from '../../shared/api/types'

const NAMES = new Set<string>(['status', 'passages', 'token', 'citation', 'verdict', 'done', 'error'])

/** Resolves when the stream has ended with `done` or `error`; throws a ProblemError where it broke off. */
export async function streamAnswer(
  question: string,
  signal: AbortSignal,
  onEvent: (event: AnswerEvent) => void,
): Promise<void> {
  const response = await fetch('/api/v1/ask', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ question }),
    signal,
  })
  if (!response.ok || !response.body) refuse(await bodyOf(response), response)
  const reader = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream()).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const event = eventOf(value.event, value.data)
    if (!event) continue
    onEvent(event)
    if (event.event === 'done' || event.event === 'error') return
  }
  throw new ProblemError({
    title: 'The connection ended early',
    detail: 'The answer was not finished. What you see has not been fully checked.',
    code: 'stream-ended',
    status: 0,
  })
}

/** An event this portal knows; newer names are passed over. */
function eventOf(name: string | undefined, data: string): AnswerEvent | null {
  if (!name || !NAMES.has(name)) return null
  return { event: name, data: JSON.parse(data) as unknown } as AnswerEvent
}

async function bodyOf(response: Response): Promise<unknown> {
  try {
    return await response.json()
  } catch {
    return null
  }
}
