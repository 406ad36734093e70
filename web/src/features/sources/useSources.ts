// The sources as they stand now: asked again and again, more often while something is going on.
import { useCallback, useEffect, useRef, useState } from 'react'
import { api, unwrap } from '../../shared/api/client'
import { isAbort, problemOf, type Problem } from '../../shared/api/problem'
import type { SourceSummary } from '../../shared/api/types'
import { isBusy } from './figures'

const BUSY_MS = 2_000
const QUIET_MS = 10_000

export type Sources = { sources?: SourceSummary[]; problem?: Problem; refresh: () => void }

export function useSources(): Sources {
  const [sources, setSources] = useState<SourceSummary[]>()
  const [problem, setProblem] = useState<Problem>()
  const [asked, setAsked] = useState(0)
  const timer = useRef<number>(undefined)
  useEffect(() => {
    const abort = new AbortController()
    // Nobody looks at a hidden page: it asks again once it is seen.
    const again = (ms: number) => {
      timer.current = window.setTimeout(() => (document.hidden ? again(ms) : setAsked((count) => count + 1)), ms)
    }
    unwrap(api.GET('/api/v1/sources', { signal: abort.signal })).then(
      (list) => {
        if (abort.signal.aborted) return
        setSources(list.sources)
        setProblem(undefined)
        again(list.sources.some(isBusy) ? BUSY_MS : QUIET_MS)
      },
      (error: unknown) => {
        if (abort.signal.aborted || isAbort(error)) return
        setProblem(problemOf(error))
        again(QUIET_MS)
      },
    )
    return () => {
      abort.abort()
      window.clearTimeout(timer.current)
    }
  }, [asked])
  const refresh = useCallback(() => setAsked((count) => count + 1), [])
  return { ...(sources ? { sources } : {}), ...(problem ? { problem } : {}), refresh }
}
