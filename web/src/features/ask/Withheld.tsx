// Sentences the model wrote and the judge did not let through, folded away.
import type { WithheldSentence } from '../../shared/api/types'
import { count } from '../../shared/words'

export function Withheld({ sentences }: { sentences: readonly WithheldSentence[] }) {
  if (sentences.length === 0) return null
  return (
    <details className="fold withheld">
      <summary>{count(sentences.length, 'sentence')} withheld: no support found</summary>
      <p className="fold-note">The model wrote this, and nothing in the documents it read proves it. Do not rely on it.</p>
      <ul>
        {sentences.map((sentence, index) => (
          <li key={index} dir="auto">
            {sentence.text}
          </li>
        ))}
      </ul>
    </details>
  )
}
