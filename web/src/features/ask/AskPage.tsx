// Ask, watch the answer being checked, go through its footnotes.
import { useEffect } from 'react'
import { useTitle } from '../../shared/useTitle'
import { AnswerView } from './AnswerView'
import { History } from './History'
import { QuestionBox } from './QuestionBox'
import { Welcome } from './Welcome'
import { announcement } from './exchange'
import { ask, askAgain, show, stopAnswer, useExchanges } from './store'
import './answer.css'
import './ask.css'

export function AskPage() {
  const { exchanges, shown } = useExchanges()
  const exchange = exchanges.find(({ key }) => key === shown)
  const running = exchanges.some(({ phase }) => phase === 'running')
  useTitle(exchange?.question ?? '')

  useEffect(() => {
    if (!running) return
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented) stopAnswer()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [running])

  return (
    <div className="ask" data-empty={exchange === undefined || undefined}>
      <h1 className={exchange ? 'unseen' : 'ask-title'}>What would you like to know?</h1>
      {!exchange && <p className="ask-promise">Every sentence comes with the words that prove it.</p>}
      <QuestionBox running={running} onAsk={(question) => void ask(question)} onStop={stopAnswer} />
      {exchange ? (
        <AnswerView key={exchange.key} exchange={exchange} onRetry={() => askAgain(exchange)} />
      ) : (
        <Welcome onAsk={(question) => void ask(question)} />
      )}
      <History exchanges={exchanges} shown={shown} onShow={show} />
      <p role="status" className="unseen">
        {exchange ? announcement(exchange) : ''}
      </p>
    </div>
  )
}
