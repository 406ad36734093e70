// The checked sentences, each with its verdict and its footnote numbers.
import type { Citation, Sentence } from '../../shared/api/types'
import { FootnoteMark } from './FootnoteMark'

const LABELS = { supported: '', partial: 'partly supported', unsupported: 'not supported' } as const

type Props = {
  sentences: readonly Sentence[]
  citations: readonly Citation[]
  lit: number | null
  onLight: (n: number | null) => void
}

export function Sentences({ sentences, citations, lit, onLight }: Props) {
  const byNumber = new Map(citations.map((citation) => [citation.n, citation]))
  return (
    <p className="sentences" dir="auto">
      {sentences.map((sentence, index) => {
        const cited = sentence.citations.flatMap((n) => byNumber.get(n) ?? [])
        const label = LABELS[sentence.verdict]
        return (
          <span key={index} className="sentence" data-verdict={sentence.verdict} data-lit={cited.some(({ n }) => n === lit) || undefined}>
            <span className="sentence-text">{sentence.text}</span>
            {cited.map((citation) => (
              <FootnoteMark key={citation.n} citation={citation} lit={citation.n === lit} onLight={onLight} />
            ))}
            {label && (
              <span className="verdict" title={`The judge's confidence is ${Math.round(sentence.score * 100)} %`}>
                {label}
              </span>
            )}{' '}
          </span>
        )
      })}
    </p>
  )
}
