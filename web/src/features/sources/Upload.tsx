// Drop files, or choose them with a button; each tells how far it is and what became of it.
import { useEffect, useRef, useState } from 'react'
import type { SourceSummary } from '../../shared/api/types'
import { count } from '../../shared/words'
import { remedyFor } from './figures'
import { useUploads, type Sent } from './useUploads'

type Props = { source: SourceSummary; onStored: () => void }

export function Upload({ source: { id, name }, onStored }: Props) {
  const { files, add, again } = useUploads(id, onStored)
  const zone = useRef<HTMLDivElement>(null)
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  useEffect(() => {
    const element = zone.current
    if (!element) return
    const drag = (event: DragEvent) => {
      event.preventDefault()
      setOver(event.type === 'dragover')
    }
    const drop = (event: DragEvent) => {
      drag(event)
      add([...(event.dataTransfer?.files ?? [])])
    }
    element.addEventListener('dragover', drag)
    element.addEventListener('dragleave', drag)
    element.addEventListener('drop', drop)
    return () => {
      element.removeEventListener('dragover', drag)
      element.removeEventListener('dragleave', drag)
      element.removeEventListener('drop', drop)
    }
  }, [add])
  return (
    <div className="upload">
      <div ref={zone} className="drop" data-over={over || undefined}>
        <button type="button" className="button" aria-label={`Choose files for ${name}`} onClick={() => input.current?.click()}>
          Choose files
        </button>
        <span>or drop them here</span>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          aria-label={`Files for ${name}`}
          onChange={(event) => {
            add([...(event.target.files ?? [])])
            event.target.value = ''
          }}
        />
      </div>
      <p role="status" className="upload-count">
        {told(files)}
      </p>
      {files.length > 0 && (
        <ul className="sent" aria-label={`Files sent to ${name}`}>
          {files.map((file) => (
            <SentFile key={file.key} sent={file} again={again} />
          ))}
        </ul>
      )}
    </div>
  )
}

/** One line for all of them, heard when the last has settled. */
export function told(files: readonly Sent[]): string {
  if (files.length === 0 || files.some(({ state }) => state !== 'done')) return ''
  const failed = files.filter(({ result, problem }) => problem !== undefined || result?.status === 'failed').length
  const stored = files.length - failed
  return failed === 0 ? `${count(stored, 'file')} stored` : `${count(stored, 'file')} stored, ${failed} not`
}

function SentFile({ sent, again }: { sent: Sent; again: (sent: Sent) => void }) {
  const { file, state, share, result, problem } = sent
  return (
    <li className="sent-file">
      <span className="sent-name" dir="auto">
        {file.name}
      </span>
      {state === 'waiting' && <span className="quiet">Waits its turn</span>}
      {state === 'sending' && (
        <span className="sent-progress">
          <progress aria-label={`Sending ${file.name}`} value={share} max={1} />
          <span>{share < 1 ? `${Math.floor(share * 100)} %` : 'Reading…'}</span>
        </span>
      )}
      {result && result.status !== 'failed' && <span className="sent-status">{STATUS[result.status]}</span>}
      {result?.status === 'failed' && (
        <span className="sent-failure">
          {result.reason}. {remedyFor(result.reason ?? '')}
        </span>
      )}
      {problem && (
        <span className="sent-failure">
          {problem.title}. {problem.detail}{' '}
          {problem.code === 'too-large' ? (
            'Split it into smaller files, then send those.'
          ) : (
            <button type="button" className="button" aria-label={`Send ${file.name} again`} onClick={() => again(sent)}>
              Send again
            </button>
          )}
        </span>
      )}
    </li>
  )
}

const STATUS = { added: 'Added', changed: 'Changed', unchanged: 'Unchanged' } as const
