// Typed calls to the server; every failure is a ProblemError, and a lost session is told to whoever listens.
import createClient from 'openapi-fetch'
import { ProblemError, problemFrom } from './problem'
import type { paths } from './schema'

export const api = createClient<paths>({ baseUrl: location.origin })

const sessionEnd = new EventTarget()

export function onSessionEnd(listener: () => void): () => void {
  sessionEnd.addEventListener('end', listener)
  return () => sessionEnd.removeEventListener('end', listener)
}

/** Throws the problem of a response that is not a success. */
export function refuse(body: unknown, response: Response): never {
  const problem = problemFrom(body, response.status)
  if (response.status === 401 && problem.code !== 'bad-credentials') sessionEnd.dispatchEvent(new Event('end'))
  throw new ProblemError(problem)
}

type Reply<T> = { data?: T; error?: unknown; response: Response }

/** The body of a successful reply. */
export async function unwrap<T>(reply: Promise<Reply<T>>): Promise<T> {
  const { data, error, response } = await reply
  if (!response.ok || data === undefined) refuse(error, response)
  return data
}
