// A footnote number in the text: hover or focus shows the quote, Enter or a click opens the document at it.
import { useId, useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react'
import type { Citation } from '../../shared/api/types'
import { ReaderLink } from '../../shared/reader'
import { targetOf } from './target'

const CLOSE_DELAY_MS = 120
const EDGE = 12

type Props = { citation: Citation; lit: boolean; onLight: (n: number | null) => void }

export function FootnoteMark({ citation, lit, onLight }: Props) {
  const [open, setOpen] = useState(false)
  const leaving = useRef<number>(undefined)
  const id = useId()

  function change(next: boolean) {
    clearTimeout(leaving.current)
    setOpen(next)
    onLight(next ? citation.n : null)
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== 'Escape' || !open) return
    event.preventDefault()
    event.stopPropagation()
    change(false)
  }

  return (
    <span
      className="mark-anchor"
      onPointerEnter={(event) => event.pointerType === 'mouse' && change(true)}
      onPointerLeave={() => {
        clearTimeout(leaving.current)
        leaving.current = window.setTimeout(() => change(false), CLOSE_DELAY_MS)
      }}
    >
      <ReaderLink
        target={targetOf(citation)}
        role="doc-noteref"
        className="mark-number"
        data-lit={lit || undefined}
        aria-label={`Footnote ${citation.n}: ${citation.title}`}
        aria-describedby={open ? id : undefined}
        onFocus={() => change(true)}
        onBlur={() => change(false)}
        onKeyDown={onKeyDown}
        onClick={() => change(false)}
      >
        {citation.n}
      </ReaderLink>
      {open && <Card id={id} citation={citation} onScroll={() => change(false)} />}
    </span>
  )
}

type CardProps = { id: string; citation: Citation; onScroll: () => void }

function Card({ id, citation, onScroll }: CardProps) {
  const card = useRef<HTMLSpanElement>(null)

  useLayoutEffect(() => {
    const anchor = card.current?.parentElement
    if (card.current && anchor) place(card.current, anchor.getBoundingClientRect())
    addEventListener('scroll', onScroll, { passive: true, once: true })
    return () => removeEventListener('scroll', onScroll)
  })

  return (
    <span role="tooltip" id={id} className="mark-card" ref={card} popover="manual">
      <span className="mark-card-title" dir="auto">
        {citation.title}
        {citation.page != null && <span className="page-number"> p. {citation.page}</span>}
      </span>
      <span className="mark-card-quote" dir="auto">
        {citation.quote}
      </span>
    </span>
  )
}

/** Shows the card above everything, inside the window, below the number or above it where that fits better. */
function place(card: HTMLElement, anchor: DOMRect): void {
  if (typeof card.showPopover === 'function' && !card.matches(':popover-open')) card.showPopover()
  const { width, height } = card.getBoundingClientRect()
  const left = Math.min(Math.max(EDGE, anchor.left - 24), document.documentElement.clientWidth - width - EDGE)
  const below = anchor.bottom + 6
  const fits = below + height + EDGE <= window.innerHeight || anchor.top < height + EDGE
  card.style.left = `${left}px`
  card.style.top = `${fits ? below : anchor.top - height - 6}px`
}
