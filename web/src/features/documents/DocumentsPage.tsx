// Every document the viewer may read, page by page.
import { useState } from 'react'
import { api, unwrap } from '../../shared/api/client'
import { problemOf, type Problem } from '../../shared/api/problem'
import type { DocumentSummary } from '../../shared/api/types'
import { useResource } from '../../shared/api/useResource'
import { ReaderLink } from '../../shared/reader'
import { Loading } from '../../shared/ui/Loading'
import { ProblemNote } from '../../shared/ui/ProblemNote'
import { useTitle } from '../../shared/useTitle'
import { day } from '../../shared/words'
import { kindOf } from './kind'
import './documents.css'

const LIMIT = 30

type DocumentPage = { documents: DocumentSummary[]; next?: string | null }

export function DocumentsPage() {
  useTitle('Documents')
  const { data, problem, retry } = useResource('first', (signal) => load(null, signal))
  return (
    <div className="page">
      <h1>Documents</h1>
      {problem && <ProblemNote problem={problem} retry={retry} />}
      {!data && !problem && <Loading what="documents" />}
      {data && <DocumentPages first={data} />}
    </div>
  )
}

function DocumentPages({ first }: { first: DocumentPage }) {
  const [pages, setPages] = useState([first])
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  const documents = pages.flatMap((page) => page.documents)
  const next = pages.at(-1)?.next

  async function more(after: string) {
    setBusy(true)
    setProblem(null)
    try {
      const page = await load(after)
      setPages((known) => [...known, page])
    } catch (error) {
      setProblem(problemOf(error))
    }
    setBusy(false)
  }

  if (documents.length === 0) return <p className="quiet">There is nothing here that you may read yet.</p>
  return (
    <>
      <ul className="documents">
        {documents.map((document) => (
          <Row key={document.id} document={document} />
        ))}
      </ul>
      {problem && <ProblemNote problem={problem} />}
      {next && (
        <button type="button" className="button" disabled={busy} onClick={() => void more(next)}>
          {busy ? 'Loading…' : 'Show more'}
        </button>
      )}
    </>
  )
}

function Row({ document: { id, title, uri, media_type, modified_at } }: { document: DocumentSummary }) {
  return (
    <li className="document">
      <ReaderLink target={{ documentId: id }} className="document-title" dir="auto">
        {title}
      </ReaderLink>
      <span className="uri">{uri}</span>
      <span className="document-kind">{kindOf(media_type)}</span>
      <span className="document-day">{day(modified_at)}</span>
    </li>
  )
}

function load(after: string | null, signal?: AbortSignal): Promise<DocumentPage> {
  const query = after === null ? { limit: LIMIT } : { limit: LIMIT, after }
  return unwrap(api.GET('/api/v1/documents', { params: { query }, ...(signal ? { signal } : {}) }))
}
