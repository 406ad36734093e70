// What the ask page says before the first question.
import { SUGGESTIONS } from './suggestions'

export function Welcome({ onAsk }: { onAsk: (question: string) => void }) {
  return (
    <section className="suggestions" aria-labelledby="suggestions">
      <h2 id="suggestions" className="small-heading">
        For example
      </h2>
      <ul>
        {SUGGESTIONS.map((question) => (
          <li key={question}>
            <button type="button" onClick={() => onAsk(question)}>
              {question}
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
