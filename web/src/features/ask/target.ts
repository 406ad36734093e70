// Where the reader opens for a citation, and whether it is open there.
import type { Citation } from '../../shared/api/types'
import type { ReaderTarget } from '../../shared/reader'

export function targetOf({ document_id, version, start, end }: Citation): ReaderTarget {
  return { documentId: document_id, version, start, end }
}

export function isAt({ document_id, version, start, end }: Citation, target: ReaderTarget | null): boolean {
  return (
    target?.documentId === document_id && target.version === version && target.start === start && target.end === end
  )
}
