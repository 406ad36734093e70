// Where the question is typed: Enter sends, Shift+Enter breaks the line, Esc stops, `/` comes back here.
import { useEffect, useRef, useState, type KeyboardEvent } from 'react'
import { Icon } from '../../shared/ui/Icon'

type Props = { running: boolean; onAsk: (question: string) => void; onStop: () => void }

export function QuestionBox({ running, onAsk, onStop }: Props) {
  const [text, setText] = useState('')
  const box = useRef<HTMLTextAreaElement>(null)

  useEffect(() => {
    box.current?.focus()
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      event.preventDefault()
      box.current?.focus()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])

  function send() {
    const question = text.trim()
    if (question === '') return
    setText('')
    onAsk(question)
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }

  return (
    <form
      className="question-box"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <label htmlFor="question" className="unseen">
        Your question
      </label>
      <div className="question-field">
        <div className="question-grow" data-text={`${text}\n`}>
          <textarea
            id="question"
            ref={box}
            rows={1}
            dir="auto"
            value={text}
            placeholder="Ask your documents"
            aria-describedby="question-keys"
            enterKeyHint="send"
            onChange={(event) => setText(event.target.value)}
            onKeyDown={onKeyDown}
          />
        </div>
        {running ? (
          <button type="button" className="round-button" onClick={onStop} aria-label="Stop">
            <Icon name="stop" />
          </button>
        ) : (
          <button type="submit" className="round-button" aria-label="Ask" disabled={text.trim() === ''}>
            <Icon name="send" />
          </button>
        )}
      </div>
      <p id="question-keys" className="question-keys">
        <kbd>Enter</kbd> asks <kbd>Shift+Enter</kbd> new line <kbd>Esc</kbd> stops <kbd>/</kbd> returns here
      </p>
    </form>
  )
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null
}
