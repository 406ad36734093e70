// This session's questions, newest last; they outlive a visit to another page, not a reload.
import { useSyncExternalStore } from 'react'
import { isAbort, problemOf } from '../../shared/api/problem'
import { onSessionEnd } from '../../shared/api/client'
import { advance, begin, fail, stop, type Exchange } from './exchange'
import { streamAnswer } from './stream'

type State = { exchanges: readonly Exchange[]; shown: number | null }

let state: State = { exchanges: [], shown: null }
let running: { key: number; abort: AbortController } | null = null
let nextKey = 1
const listeners = new Set<() => void>()

onSessionEnd(forgetExchanges)

export function useExchanges(): State {
  return useSyncExternalStore(subscribe, () => state)
}

/** Asks `question`; an answer still under way is stopped first. */
export async function ask(question: string): Promise<void> {
  stopAnswer()
  const key = nextKey++
  const abort = new AbortController()
  running = { key, abort }
  publish({ exchanges: [...state.exchanges, begin(key, question)], shown: key })
  try {
    await streamAnswer(question, abort.signal, (event) => change(key, (exchange) => advance(exchange, event)))
  } catch (error) {
    change(key, (exchange) => (isAbort(error) ? stop(exchange) : fail(exchange, problemOf(error))))
  }
  if (isRunning(key)) running = null
}

/** Asks again in place of the earlier try. */
export function askAgain({ key, question }: Exchange): void {
  publish({ ...state, exchanges: state.exchanges.filter((exchange) => exchange.key !== key) })
  void ask(question)
}

export function stopAnswer(): void {
  if (!running) return
  const { key, abort } = running
  running = null
  abort.abort()
  change(key, stop)
}

export function show(key: number | null): void {
  publish({ ...state, shown: key })
}

/** Forgets everything: another person may log in next. */
export function forgetExchanges(): void {
  stopAnswer()
  publish({ exchanges: [], shown: null })
}

function isRunning(key: number): boolean {
  return running?.key === key
}

function change(key: number, update: (exchange: Exchange) => Exchange): void {
  const exchanges = state.exchanges.map((exchange) =>
    exchange.key === key && exchange.phase === 'running' ? update(exchange) : exchange,
  )
  publish({ ...state, exchanges })
}

function publish(next: State): void {
  state = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
