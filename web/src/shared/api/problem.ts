// Failures as the person at the screen sees them (RFC 9457 problem+json, or no answer at all).

export type Problem = { title: string; detail: string; code: string; status: number }

export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title)
  }
}

const UNREACHABLE: Problem = {
  title: 'Footnote cannot be reached',
  detail: 'The connection failed. Check the network, then try again.',
  code: 'unreachable',
  status: 0,
}

/** Reads a problem from whatever a failed response held. */
export function problemFrom(body: unknown, status: number): Problem {
  const given: Partial<Record<keyof Problem, unknown>> = typeof body === 'object' && body !== null ? body : {}
  const text = (value: unknown, otherwise: string) => (typeof value === 'string' && value !== '' ? value : otherwise)
  return {
    title: text(given.title, 'Something went wrong'),
    detail: text(given.detail, `The server answered with status ${status}.`),
    code: text(given.code, 'unknown'),
    status,
  }
}

/** Names any thrown value: a problem stays itself, everything else means that no answer came. */
export function problemOf(error: unknown): Problem {
  return error instanceof ProblemError ? error.problem : UNREACHABLE
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}
