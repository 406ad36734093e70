// Files on their way to a source, one after the other.
import { useCallback, useEffect, useRef, useState } from 'react'
import { problemOf, type Problem } from '../../shared/api/problem'
import type { PushResult } from '../../shared/api/types'
import { send } from './send'

export type Sent = {
  key: number
  file: File
  /** From 0 to 1. */
  share: number
  state: 'waiting' | 'sending' | 'done'
  result?: PushResult
  problem?: Problem
}

export function useUploads(source: string, onStored: () => void) {
  const [files, setFiles] = useState<Sent[]>([])
  const queue = useRef<Sent[]>([])
  const isRunning = useRef(false)
  const count = useRef(0)
  const stored = useRef(onStored)
  useEffect(() => {
    stored.current = onStored
  })

  const change = useCallback((key: number, changes: Partial<Sent>) => {
    setFiles((files) => files.map((file) => (file.key === key ? { ...file, ...changes } : file)))
  }, [])

  const run = useCallback(async () => {
    if (isRunning.current) return
    isRunning.current = true
    for (let next = queue.current.shift(); next; next = queue.current.shift()) {
      const { key, file } = next
      change(key, { state: 'sending' })
      try {
        const result = await send(source, file, (share) => change(key, { share }))
        change(key, { state: 'done', share: 1, result })
      } catch (error) {
        change(key, { state: 'done', problem: problemOf(error) })
      }
      stored.current()
    }
    isRunning.current = false
  }, [source, change])

  const add = useCallback(
    (chosen: readonly File[]) => {
      const added = chosen.map((file): Sent => ({ key: (count.current += 1), file, share: 0, state: 'waiting' }))
      queue.current.push(...added)
      setFiles((files) => [...files, ...added])
      void run()
    },
    [run],
  )

  /** Sends a file that did not arrive once more. */
  const again = useCallback(
    ({ key, file }: Sent) => {
      setFiles((files) => files.filter((file) => file.key !== key))
      add([file])
    },
    [add],
  )
  return { files, add, again }
}
