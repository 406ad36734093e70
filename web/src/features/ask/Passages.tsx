// What was read for the answer, folded away, each passage a way into its document.
import type { Passage } from '../../shared/api/types'
import { ReaderLink } from '../../shared/reader'
import { count } from '../../shared/words'

export function Passages({ passages }: { passages: readonly Passage[] }) {
  if (passages.length === 0) return null
  return (
    <details className="fold">
      <summary>{count(passages.length, 'passage')} read</summary>
      <ul className="passages">
        {passages.map(({ chunk_id, document_id, version, start, end, title, context, page }) => (
          <li key={chunk_id}>
            <ReaderLink target={{ documentId: document_id, version, start, end }} dir="auto">
              {context || title}
              {page != null && <span className="page-number"> p. {page}</span>}
            </ReaderLink>
          </li>
        ))}
      </ul>
    </details>
  )
}
