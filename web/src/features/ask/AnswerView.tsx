// One question with its answer, from the first event to the last footnote.
import { useId, useState } from 'react'
import { useReaderTarget } from '../../shared/reader'
import { ProblemNote } from '../../shared/ui/ProblemNote'
import { count, duration } from '../../shared/words'
import { Abstention } from './Abstention'
import { Footnotes } from './Footnotes'
import { Passages } from './Passages'
import { Sentences } from './Sentences'
import { Withheld } from './Withheld'
import type { Exchange } from './exchange'
import { uncheckedPart } from './prose'
import { isAt } from './target'

export function AnswerView({ exchange, onRetry }: { exchange: Exchange; onRetry: () => void }) {
  const [pointed, setLit] = useState<number | null>(null)
  const read = useReaderTarget()
  const heading = useId()
  const { question, phase, draft, sentences, citations, answer, problem } = exchange
  const lit = pointed ?? citations.find((citation) => isAt(citation, read))?.n ?? null
  const unchecked = uncheckedPart(draft, sentences)
  const checked = sentences.filter(Boolean)
  return (
    <article className="answer" aria-labelledby={heading} aria-busy={phase === 'running'}>
      <h2 id={heading} className="answer-question" dir="auto">
        {question}
      </h2>
      <div className="answer-body">
        <div className="answer-words">
          {answer?.abstained && <Abstention answer={answer} />}
          {checked.length > 0 && !answer?.abstained && (
            <Sentences sentences={checked} citations={citations} lit={lit} onLight={setLit} />
          )}
          {unchecked !== '' && phase !== 'failed' && (
            <div className="draft">
              <p className="draft-label">Unverified draft</p>
              <p dir="auto">{unchecked}</p>
            </div>
          )}
          {phase === 'running' && <Progress exchange={exchange} />}
          {phase === 'stopped' && <Stopped onRetry={onRetry} />}
          {problem && <ProblemNote problem={problem} retry={onRetry} label="Ask again" />}
        </div>
        {citations.length > 0 && !answer?.abstained && <Footnotes citations={citations} lit={lit} onLight={setLit} />}
      </div>
      {answer && (
        <footer className="answer-foot">
          <Withheld sentences={answer.withheld} />
          <Passages passages={answer.passages} />
          <p className="answer-facts">
            {answer.model}
            {answer.timings_ms.total !== undefined && ` · ${duration(answer.timings_ms.total)}`}
          </p>
        </footer>
      )}
    </article>
  )
}

function Progress({ exchange: { stage, passages, sentences } }: { exchange: Exchange }) {
  const read = passages === null ? '' : count(passages.length, 'passage')
  const line = {
    retrieving: 'Looking through your documents',
    generating: read ? `Reading ${read}` : 'Reading',
    judging: sentences.length > 0 ? `Checking each sentence · ${sentences.length} done` : 'Checking each sentence',
  }[stage]
  return (
    <p className="progress">
      <span className="progress-dot" aria-hidden="true" />
      {line}
    </p>
  )
}

function Stopped({ onRetry }: { onRetry: () => void }) {
  return (
    <div className="stopped">
      <p>Stopped before everything was checked.</p>
      <button type="button" className="button" onClick={onRetry}>
        Ask again
      </button>
    </div>
  )
}
