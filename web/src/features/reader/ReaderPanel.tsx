// The document beside the page, or over it on a small screen, open at the cited words.
import { useEffect, useRef } from 'react'
import { api, unwrap } from '../../shared/api/client'
import type { DocumentText } from '../../shared/api/types'
import { useResource } from '../../shared/api/useResource'
import { ReaderLink, closeReader, returnFocus, type ReaderTarget } from '../../shared/reader'
import { Icon } from '../../shared/ui/Icon'
import { Loading } from '../../shared/ui/Loading'
import { ProblemNote } from '../../shared/ui/ProblemNote'
import { ReaderText } from './ReaderText'
import './reader.css'

export function ReaderPanel({ target, modal }: { target: ReaderTarget; modal: boolean }) {
  const { documentId, version, start, end } = target
  const title = useRef<HTMLHeadingElement>(null)
  const { data, problem, retry } = useResource(`${documentId} ${version ?? ''}`, (signal) =>
    readText(documentId, version, signal),
  )

  useEffect(() => {
    title.current?.focus()
  }, [documentId, version, start])

  useEffect(() => returnFocus, [])

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return
      event.preventDefault()
      closeReader()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])

  return (
    <section className="reader" role="dialog" aria-modal={modal} aria-labelledby="reader-title">
      <div className="reader-head">
        <div className="reader-names">
          <h2 id="reader-title" tabIndex={-1} ref={title} dir="auto">
            {data?.title ?? 'Document'}
          </h2>
          {data && (
            <p className="reader-facts">
              <span className="uri">{data.uri}</span>
              <span title={data.version}>version {data.version.slice(0, 8)}</span>
            </p>
          )}
        </div>
        <button type="button" className="icon-button" onClick={closeReader} aria-label="Close document">
          <Icon name="close" />
        </button>
      </div>
      {data?.superseded && <Superseded documentId={documentId} />}
      {/* A scrolling region must take the focus to be scrolled by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="reader-scroll" tabIndex={0} role="region" aria-label="Text of the document">
        {problem && <ProblemNote problem={problem} retry={retry} />}
        {!data && !problem && <Loading what="document" />}
        {data && <ReaderText document={data} start={start ?? null} end={end ?? null} />}
      </div>
    </section>
  )
}

function Superseded({ documentId }: { documentId: string }) {
  return (
    <p className="superseded">
      Superseded: this is the version that was cited, and the document has changed since.{' '}
      <ReaderLink target={{ documentId }}>Read the current version</ReaderLink>
    </p>
  )
}

function readText(id: string, version: string | undefined, signal: AbortSignal): Promise<DocumentText> {
  const query = version === undefined ? {} : { version }
  return unwrap(api.GET('/api/v1/documents/{id}/text', { params: { path: { id }, query }, signal }))
}
