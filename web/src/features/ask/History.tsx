// The questions of this session, newest first.
import type { Exchange } from './exchange'

type Props = { exchanges: readonly Exchange[]; shown: number | null; onShow: (key: number) => void }

export function History({ exchanges, shown, onShow }: Props) {
  if (exchanges.length < 2) return null
  return (
    <nav className="history" aria-label="Questions of this session">
      <h2 className="small-heading">This session</h2>
      <ol>
        {exchanges.toReversed().map(({ key, question }) => (
          <li key={key}>
            <button type="button" aria-current={key === shown || undefined} onClick={() => onShow(key)} dir="auto">
              {question}
            </button>
          </li>
        ))}
      </ol>
    </nav>
  )
}
