// The footnotes themselves: below the answer, in the margin where the window is wide.
import type { Citation } from '../../shared/api/types'
import { ReaderLink } from '../../shared/reader'
import { AlsoIn } from '../../shared/ui/AlsoIn'
import { targetOf } from './target'

type Props = { citations: readonly Citation[]; lit: number | null; onLight: (n: number | null) => void }

export function Footnotes({ citations, lit, onLight }: Props) {
  return (
    <section className="footnotes" aria-label="Footnotes">
      <ol>
        {citations.map((citation) => (
          <li key={citation.n} value={citation.n} data-lit={lit === citation.n || undefined}>
            <ReaderLink
              target={targetOf(citation)}
              className="footnote"
              onPointerEnter={() => onLight(citation.n)}
              onPointerLeave={() => onLight(null)}
              onFocus={() => onLight(citation.n)}
              onBlur={() => onLight(null)}
            >
              <span className="footnote-number" aria-hidden="true">
                {citation.n}
              </span>
              <span className="footnote-title" dir="auto">
                {citation.title}
                {citation.page != null && <span className="page-number"> p. {citation.page}</span>}
              </span>
              <q className="footnote-quote" dir="auto">
                {citation.quote}
              </q>
            </ReaderLink>
            <AlsoIn documents={citation.also_in} />
          </li>
        ))}
      </ol>
    </section>
  )
}
