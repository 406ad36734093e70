// Small turns of phrase that several pages share.

/** `1 passage`, `3 passages`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

/** `840 ms`, `1.3 s`. */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** The date in the reader's own language, or nothing where there is none. */
export function day(timestamp: string | null | undefined): string {
  const date = new Date(timestamp ?? '')
  return Number.isNaN(date.getTime()) ? '' : date.toLocaleDateString(undefined, { dateStyle: 'medium' })
}

/** Date and time in the reader's own language, or nothing where there is none. */
export function moment(timestamp: string | null | undefined): string {
  const date = new Date(timestamp ?? '')
  return Number.isNaN(date.getTime()) ? '' : date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
}

/** `less than a minute`, `about 4 minutes`, `about 2 hours`. */
export function span(seconds: number): string {
  if (seconds < 60) return 'less than a minute'
  if (seconds < 5400) return `about ${count(Math.round(seconds / 60), 'minute')}`
  return `about ${count(Math.round(seconds / 3600), 'hour')}`
}
