// Scripted answers: the first whose words occur in the question is played.
import { cite, documents, passageOf } from './library.mjs'

const { leave, datasheet, hebrew, long } = documents

const CARRY = cite(1, leave, 'You may carry over at most 6 unused days into the next year. Carried-over days expire on 31 May.')
const APPROVAL = cite(2, leave, 'Your line manager answers within five working days; a request that has not been answered by then counts as approved.')

function sentence(text, citations, verdict = 'supported', score = 0.94) {
  return { text, verdict, score, citations }
}

function answer({ sentences = [], citations = [], withheld = [], nearest = [], line }) {
  return {
    id: 'ans_01J00000000000000000000000',
    answer: line ?? sentences.map(({ text, citations }) => text + citations.map((n) => ` [${n}]`).join('')).join(' '),
    abstained: sentences.length === 0,
    sentences,
    withheld,
    citations,
    passages: citations.map((citation, index) => passageOf(citation, index + 1)),
    nearest,
    model: 'mock',
    prompt_hash: '00',
    timings_ms: { retrieve: 12, generate: 840, judge: 61, total: 913 },
  }
}

const plain = answer({
  sentences: [
    sentence('You can carry over at most six unused days of annual leave, and they expire on 31 May.', [1]),
    sentence('Your line manager answers a request within five working days, and no answer counts as a yes.', [2]),
    sentence('Carried-over days are approved like any other leave.', [1, 2], 'partial', 0.58),
  ],
  citations: [CARRY, APPROVAL],
  withheld: [{ text: 'Days that are left on 1 June are paid out with the June salary.', verdict: 'unsupported', score: 0.07 }],
})

const near = [leave, datasheet].map(({ id, title, uri }) => ({ document_id: id, title, uri, score: 0.31 }))

const SCRIPTS = [
  ['unanswerable', { answer: answer({ nearest: near, line: 'The documents you may read do not answer this.' }) }],
  ['break', { answer: plain, breakAt: 'token' }],
  ['generator down', { answer: plain, error: { code: 'generator-unavailable', detail: 'The model server did not answer. Try again in a moment.' } }],
  ['cut', { answer: plain, cutAt: 'verdict' }],
  ['slow', { answer: plain, pause: 150 }],
  ['superseded', { answer: answer({
    sentences: [sentence('Four unused days carry over.', [1])],
    citations: [cite(1, leave, 'You may carry over at most 4 unused days into the next year.', null, leave.versions[0])],
  }) }],
  ['range', { answer: answer({
    sentences: [
      sentence('The Rime 3 works from −40 °C to +85 °C and over the whole range of relative humidity.', [1]),
      sentence('It needs 2.4 to 5.5 V and draws 1.7 µA on average at one measurement per second.', [2]),
    ],
    citations: [
      cite(1, datasheet, 'The Rime 3 works from −40 °C to +85 °C and from 0 to 100 % relative humidity.', 1),
      cite(2, datasheet, 'The supply voltage is 2.4 to 5.5 V; the mean current is 1.7 µA at one measurement per second.', 2),
    ],
  }) }],
  ['emoji', { answer: answer({
    sentences: [sentence('Calibration happens in the company’s own laboratory.', [1])],
    citations: [cite(1, datasheet, 'Calibrated in our own laboratory.\n\nAccuracy is ±1.5 % RH', 1)],
  }) }],
  ['חופשה', { answer: answer({
    sentences: [sentence('העובדים זכאים ל־28 ימי חופשה בשנה, והצוות מאשר בקשות בתוך שלושה ימים.', [1])],
    citations: [cite(1, hebrew, '𝒳-Team (🇮🇱) מאשר בקשות בתוך שלושה ימים.')],
  }) }],
  ['log', { answer: answer({
    sentences: [sentence('Channel 12 was within limits in entry 813.', [1])],
    citations: [cite(1, long, 'Entry 813. The reading of channel 12 was within limits, and the operator signed the log 🖊️.')],
  }) }],
  ['markup', { answer: answer({
    sentences: [sentence('<img src="https://evil.example/x.png" onerror="alert(1)"> ![x](https://evil.example/y.png) stays text.', [1])],
    citations: [CARRY],
  }) }],
]

export function scriptFor(question) {
  const words = question.toLowerCase()
  return SCRIPTS.find(([key]) => words.includes(key))?.[1] ?? { answer: plain }
}

/** The events of a script in the order of the contract. */
export function* eventsOf({ answer, error }) {
  yield ['status', { stage: 'retrieving' }]
  yield ['passages', { passages: answer.passages }]
  yield ['status', { stage: 'generating' }]
  const draft = [...answer.sentences, ...answer.withheld].map(({ text, citations = [] }) => `${text}${citations.map((n) => `[${n}]`).join('')} `)
  for (const word of draft.join('').match(/\S+\s*/g) ?? []) yield ['token', { text: word }]
  if (error) return yield ['error', error]
  yield ['status', { stage: 'judging' }]
  for (const [index, sentence] of answer.sentences.entries()) {
    for (const n of sentence.citations) yield ['citation', answer.citations.find((citation) => citation.n === n)]
    yield ['verdict', { index, sentence }]
  }
  yield ['done', answer]
}
