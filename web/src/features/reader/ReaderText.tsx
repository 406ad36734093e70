// A document's stored text with the cited characters marked and scrolled into view.
import { useLayoutEffect, useMemo, useRef } from 'react'
import type { DocumentText } from '../../shared/api/types'
import { blocksOf, type Block, type Piece, type Range } from './blocks'

export function ReaderText({ document, start, end }: { document: DocumentText; start: number | null; end: number | null }) {
  const range = useMemo<Range | null>(() => (start === null || end === null ? null : { start, end }), [start, end])
  const blocks = useMemo(() => blocksOf(document, range), [document, range])
  const body = useRef<HTMLDivElement>(null)

  useLayoutEffect(() => {
    const mark = body.current?.querySelector('mark')
    if (mark && typeof mark.scrollIntoView === 'function') mark.scrollIntoView({ block: 'center' })
  }, [blocks])

  return (
    <div className="reader-text" ref={body}>
      {blocks.map((block) => (
        <BlockView key={block.at} block={block} />
      ))}
    </div>
  )
}

function BlockView({ block }: { block: Block }) {
  const words = block.pieces.map((piece, index) => <PieceView key={index} piece={piece} />)
  const Heading = `h${Math.min(block.level + 2, 6)}` as 'h3'
  return (
    <>
      {block.page !== null && (
        <div className="page-break" role="separator" aria-label={`Page ${block.page}`} data-page={block.page} />
      )}
      {block.kind === 'heading' && (
        <Heading className="block" dir="auto">
          {words}
        </Heading>
      )}
      {(block.kind === 'paragraph' || block.kind === 'records') && (
        <p className={block.kind === 'records' ? 'block records' : 'block'} dir="auto">
          {words}
        </p>
      )}
      {block.kind === 'verbatim' && <pre className="block">{words}</pre>}
    </>
  )
}

function PieceView({ piece: { text, kind } }: { piece: Piece }) {
  if (kind === 'marked') return <mark>{text}</mark>
  return <span className={kind === 'syntax' ? 'syntax' : undefined}>{text}</span>
}
