// What could not be read, by name, with the reason; asked for when it is opened.
import { useState } from 'react'
import { api, unwrap } from '../../shared/api/client'
import type { SourceSummary } from '../../shared/api/types'
import { useResource } from '../../shared/api/useResource'
import { Loading } from '../../shared/ui/Loading'
import { ProblemNote } from '../../shared/ui/ProblemNote'
import { isPush } from './figures'

type Props = { source: SourceSummary; onRetry: () => void }

export function Failures({ source, onRetry }: Props) {
  const { id, name, failed_count, paused } = source
  const [open, setOpen] = useState(false)
  const { data, problem, retry } = useResource(open ? `${id} ${failed_count}` : null, (signal) =>
    unwrap(api.GET('/api/v1/sources/{id}', { params: { path: { id } }, signal })),
  )
  return (
    <details className="failures" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{failed_count === 1 ? '1 document that could not be read' : `${failed_count} documents that could not be read`}</summary>
      {problem && <ProblemNote problem={problem} retry={retry} />}
      {open && !data && !problem && <Loading what="failures" />}
      {data && (
        <ul>
          {data.failed.map(({ item, reason }) => (
            <li key={item}>
              <span className="failure-item" dir="auto">
                {item}
              </span>
              <span className="failure-reason">{reason}</span>
            </li>
          ))}
        </ul>
      )}
      {data && !isPush(source) && !paused && (
        <button type="button" className="button" aria-label={`Read what failed in ${name} again`} onClick={onRetry}>
          Read them again
        </button>
      )}
      {data && data.failed.length < data.failed_count && (
        <p className="quiet">And {data.failed_count - data.failed.length} more: <code>footnote source status {id} --json</code> names them all.</p>
      )}
    </details>
  )
}
