// One source: its state, its figures, why they differ, and what can be done.
import { useState } from 'react'
import { api, unwrap } from '../../shared/api/client'
import { problemOf, type Problem } from '../../shared/api/problem'
import type { SourceSummary } from '../../shared/api/types'
import { ProblemNote } from '../../shared/ui/ProblemNote'
import { moment } from '../../shared/words'
import { Failures } from './Failures'
import { differences, holds, isPush, pace, stateOf } from './figures'
import { Upload } from './Upload'

type Props = { source: SourceSummary; onChange: () => void }

type Action = 'sync' | 'pause' | 'resume' | 'failures/retry'

export function SourceCard({ source, onChange }: Props) {
  const { id, name, kind, state, paused, reason, failed_count } = source
  const why = differences(source)
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)

  async function act(action: Action) {
    setBusy(true)
    setProblem(undefined)
    const params = { path: { id } }
    try {
      await unwrap(api.POST(`/api/v1/sources/{id}/${action}`, { params }))
      onChange()
    } catch (error) {
      setProblem(problemOf(error))
    }
    setBusy(false)
  }

  return (
    <article className="source" aria-labelledby={id}>
      <header className="source-head">
        <h2 id={id} dir="auto">
          {name}
        </h2>
        <span className="source-kind">{kind}</span>
        <span className="source-state" data-state={state}>
          {stateOf(source)}
        </span>
      </header>
      <p className="source-holds">{holds(source)}</p>
      {why.length > 0 && (
        <ul className="source-why" aria-label="Why not all">
          {why.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      {reason && (state === 'waiting' || state === 'failed') && <p className="source-reason">{reason}</p>}
      {reason && state === 'idle' && <p className="quiet">{reason}</p>}
      {state === 'running' && <Progress source={source} />}
      <Times source={source} />
      {state !== 'removing' && <Actions source={source} busy={busy} act={(action) => void act(action)} />}
      {problem && <ProblemNote problem={problem} />}
      {failed_count > 0 && <Failures source={source} onRetry={() => void act('failures/retry')} />}
      {isPush(source) && !paused && state !== 'removing' && <Upload source={source} onStored={onChange} />}
    </article>
  )
}

function Progress({ source }: { source: SourceSummary }) {
  const { name, done, total } = source
  return (
    <div className="source-progress">
      {total == null ? (
        <progress aria-label={`Sync of ${name}`} />
      ) : (
        <progress aria-label={`Sync of ${name}`} value={done ?? 0} max={Math.max(total, 1)} />
      )}
      <span>{pace(source)}</span>
    </div>
  )
}

function Times({ source: { last_success, next_sync, state, schedule } }: { source: SourceSummary }) {
  const times: [string, string][] = []
  if (last_success) times.push(['Last success', moment(last_success)])
  if (next_sync && state !== 'running' && state !== 'queued') times.push(['Next run', moment(next_sync)])
  if (schedule) times.push(['Schedule', schedule])
  if (times.length === 0) return null
  return (
    <dl className="source-times">
      {times.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function Actions({ source, busy, act }: { source: SourceSummary; busy: boolean; act: (action: Action) => void }) {
  const { name, state, paused } = source
  const isOn = state === 'running' || state === 'queued'
  return (
    <div className="source-actions">
      {!isPush(source) && !paused && (
        <button type="button" className="button" aria-label={`Sync ${name} now`} disabled={busy || isOn} onClick={() => act('sync')}>
          Sync now
        </button>
      )}
      {paused ? (
        <button type="button" className="button" aria-label={`Resume ${name}`} disabled={busy} onClick={() => act('resume')}>
          Resume
        </button>
      ) : (
        <button type="button" className="button" aria-label={`Pause ${name}`} disabled={busy} onClick={() => act('pause')}>
          Pause
        </button>
      )}
    </div>
  )
}
