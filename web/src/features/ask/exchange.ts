// One question and what is known of its answer so far; events move it forward.
import type { Answer, AnswerEvent, Citation, Passage, Sentence, Stage } from '../../shared/api/types'
import type { Problem } from '../../shared/api/problem'
import { count } from '../../shared/words'

export type Phase = 'running' | 'done' | 'stopped' | 'failed'

export type Exchange = {
  key: number
  question: string
  phase: Phase
  stage: Stage
  passages: Passage[] | null
  /** What the model wrote, not yet checked. */
  draft: string
  sentences: Sentence[]
  citations: Citation[]
  answer: Answer | null
  problem: Problem | null
}

export function begin(key: number, question: string): Exchange {
  return {
    key,
    question,
    phase: 'running',
    stage: 'retrieving',
    passages: null,
    draft: '',
    sentences: [],
    citations: [],
    answer: null,
    problem: null,
  }
}

/** The exchange after one more event of its stream. */
export function advance(exchange: Exchange, event: AnswerEvent): Exchange {
  switch (event.event) {
    case 'status':
      return { ...exchange, stage: event.data.stage }
    case 'passages':
      return { ...exchange, passages: event.data.passages }
    case 'token':
      return { ...exchange, draft: exchange.draft + event.data.text }
    case 'citation': {
      const citation = event.data
      const others = exchange.citations.filter(({ n }) => n !== citation.n)
      return { ...exchange, citations: [...others, citation].sort((a, b) => a.n - b.n) }
    }
    case 'verdict': {
      const sentences = [...exchange.sentences]
      sentences[event.data.index] = event.data.sentence
      return { ...exchange, sentences }
    }
    case 'done': {
      const { sentences, citations, passages } = event.data
      return { ...exchange, phase: 'done', draft: '', answer: event.data, sentences, citations, passages }
    }
    case 'error': {
      const { code, detail } = event.data
      return fail(exchange, { title: 'The answer could not be finished', detail, code, status: 200 })
    }
  }
}

export function fail(exchange: Exchange, problem: Problem): Exchange {
  return { ...exchange, phase: 'failed', problem }
}

export function stop(exchange: Exchange): Exchange {
  return { ...exchange, phase: 'stopped' }
}

/** What a screen reader hears once the answer has settled; nothing before that. */
export function announcement({ phase, answer }: Exchange): string {
  if (phase === 'stopped') return 'Stopped.'
  if (phase !== 'done' || !answer) return ''
  if (answer.abstained) return `No supported answer. ${count(answer.nearest.length, 'near document')} to open.`
  const withheld = answer.withheld.length > 0 ? ` ${count(answer.withheld.length, 'sentence')} withheld.` : ''
  return `Answer ready: ${count(answer.sentences.length, 'sentence')}, ${count(answer.citations.length, 'footnote')}.${withheld}`
}
