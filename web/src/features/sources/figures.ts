// What a source's figures mean, in words.
import type { SourceState, SourceSummary } from '../../shared/api/types'
import { count, span } from '../../shared/words'

/** Programs and people send its documents; nothing is fetched. */
export function isPush({ kind }: SourceSummary): boolean {
  return kind === 'push'
}

const STATES: Record<SourceState, string> = {
  idle: 'Idle',
  paused: 'Paused',
  queued: 'Queued',
  running: 'Syncing',
  waiting: 'Waiting to try again',
  failed: 'Needs attention',
  removing: 'Being removed',
}

export function stateOf(source: SourceSummary): string {
  if (source.state === 'idle' && isPush(source)) return 'Ready'
  return STATES[source.state]
}

export function isBusy({ state, waiting_count }: SourceSummary): boolean {
  return state === 'running' || state === 'queued' || state === 'removing' || waiting_count > 0
}

/** `412 of 430 documents can be found`. */
export function holds({ indexed_count, source_count }: SourceSummary): string {
  return `${indexed_count} of ${count(source_count, 'document')} can be found`
}

/** Why the source and the index hold different numbers, and what stands in for what. */
export function differences(source: SourceSummary): string[] {
  const { source_count, indexed_count, waiting_count, failed_count, duplicate_count } = source
  const unread = source_count - indexed_count - waiting_count - failed_count
  const lines = []
  if (waiting_count > 0) lines.push(`${waiting_count} ${waiting_count === 1 ? 'waits' : 'wait'} for the indexes`)
  if (failed_count > 0) lines.push(`${failed_count} could not be read`)
  if (unread > 0) lines.push(`${unread} ${unread === 1 ? 'has' : 'have'} not been read yet`)
  if (duplicate_count > 0) {
    lines.push(`${duplicate_count} ${duplicate_count === 1 ? 'has' : 'have'} the very text of another document, which answers for ${duplicate_count === 1 ? 'it' : 'them'}`)
  }
  return lines
}

/** How far a running sync is. */
export function pace({ done, total, rate, eta_seconds }: SourceSummary): string {
  const visited = done ?? 0
  const parts = [total == null ? count(visited, 'item') : `${visited} of ${count(total, 'item')}`]
  if (rate != null && rate > 0) parts.push(`${rate < 10 ? rate.toFixed(1) : Math.round(rate)} a second`)
  if (eta_seconds != null) parts.push(`${span(eta_seconds)} left`)
  return parts.join(' · ')
}

/** What a person can do about a file that could not be read. */
export function remedyFor(reason: string): string {
  if (/password|encrypted/i.test(reason)) return 'Remove its password, then send it again.'
  if (/is empty/i.test(reason)) return 'There is no text in it: send a file that has some.'
  if (/scanned|no text/i.test(reason)) return 'Have its text recognised (OCR), then send it again.'
  if (/over the limit|exceeded|more than/i.test(reason)) return 'Split it into smaller files, then send those.'
  if (/no parser/i.test(reason)) return 'Save it as PDF, Word, Markdown or text, then send it again.'
  return 'Open it to see whether it is whole, then send it again.'
}
