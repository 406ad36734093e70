// Loads something from the server for as long as a component shows it.
import { useCallback, useEffect, useRef, useState } from 'react'
import { isAbort, problemOf, type Problem } from './problem'

export type Resource<T> = { data?: T; problem?: Problem; retry: () => void }

type Loaded<T> = { key: string; attempt: number; data?: T; problem?: Problem }

/** Calls `load` whenever `key` changes and once more on each retry; a `null` key loads nothing. */
export function useResource<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>()
  const [attempt, setAttempt] = useState(0)
  const latest = useRef(load)
  useEffect(() => {
    latest.current = load
  })
  useEffect(() => {
    if (key === null) return
    const abort = new AbortController()
    latest.current(abort.signal).then(
      (data) => {
        if (!abort.signal.aborted) setLoaded({ key, attempt, data })
      },
      (error: unknown) => {
        if (!abort.signal.aborted && !isAbort(error)) setLoaded({ key, attempt, problem: problemOf(error) })
      },
    )
    return () => abort.abort()
  }, [key, attempt])
  const retry = useCallback(() => setAttempt((count) => count + 1), [])
  const current = loaded?.key === key && loaded.attempt === attempt ? loaded : undefined
  return {
    ...(current?.data === undefined ? {} : { data: current.data }),
    ...(current?.problem === undefined ? {} : { problem: current.problem }),
    retry,
  }
}
