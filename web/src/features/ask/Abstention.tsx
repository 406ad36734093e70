// Nothing supports an answer: says so, and offers the nearest documents.
import type { Answer } from '../../shared/api/types'
import { ReaderLink } from '../../shared/reader'

export function Abstention({ answer }: { answer: Answer }) {
  return (
    <div className="abstention">
      <p className="abstention-line" dir="auto">
        {answer.answer || 'Nothing you may read supports an answer to this.'}
      </p>
      {answer.nearest.length > 0 && (
        <>
          <h3>Nearest documents</h3>
          <ul className="nearest">
            {answer.nearest.map(({ document_id, title, uri }) => (
              <li key={document_id}>
                <ReaderLink target={{ documentId: document_id }}>
                  <span className="nearest-title" dir="auto">
                    {title}
                  </span>
                  <span className="uri">{uri}</span>
                </ReaderLink>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  )
}
