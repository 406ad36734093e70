// Who is logged in, asked of the server once and kept until the session ends.
import { useCallback, useEffect, useState } from 'react'
import { api, onSessionEnd, unwrap } from '../shared/api/client'
import { ProblemError, problemOf, type Problem } from '../shared/api/problem'
import type { User } from '../shared/api/types'

export type Session =
  | { state: 'asking' }
  | { state: 'unknown'; problem: Problem }
  | { state: 'guest'; notice: string }
  | { state: 'user'; user: User }

const ENDED = 'Your session has ended. Log in to go on.'

export function useSession() {
  const [session, setSession] = useState<Session>({ state: 'asking' })
  const [attempt, setAttempt] = useState(0)

  useEffect(() => {
    const abort = new AbortController()
    whoAmI(abort.signal).then(
      (next) => {
        if (!abort.signal.aborted) setSession(next)
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setSession({ state: 'unknown', problem: problemOf(error) })
      },
    )
    return () => abort.abort()
  }, [attempt])

  useEffect(
    () => onSessionEnd(() => setSession((now) => (now.state === 'user' ? { state: 'guest', notice: ENDED } : now))),
    [],
  )

  const enter = useCallback((user: User) => setSession({ state: 'user', user }), [])
  const retry = useCallback(() => setAttempt((count) => count + 1), [])
  const leave = useCallback(async () => {
    await api.POST('/api/v1/logout').catch(() => undefined)
    setSession({ state: 'guest', notice: '' })
  }, [])
  return { session, enter, leave, retry }
}

async function whoAmI(signal: AbortSignal): Promise<Session> {
  try {
    return { state: 'user', user: await unwrap(api.GET('/api/v1/me', { signal })) }
  } catch (error) {
    if (error instanceof ProblemError && error.problem.status === 401) return { state: 'guest', notice: '' }
    throw error
  }
}
