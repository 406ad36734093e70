// The other documents that say the same.
import type { OtherDocument } from '../api/types'
import { ReaderLink } from '../reader'

export function AlsoIn({ documents }: { documents: readonly OtherDocument[] | undefined }) {
  if (!documents || documents.length === 0) return null
  return (
    <p className="also-in">
      Also in:{' '}
      {documents.map((other, index) => (
        <span key={other.document_id}>
          {index > 0 && ', '}
          <ReaderLink target={{ documentId: other.document_id }} title={other.uri} dir="auto">
            {other.title}
          </ReaderLink>
        </span>
      ))}
    </p>
  )
}
