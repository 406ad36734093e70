// A failure in plain words, with the way to try again.
import type { Problem } from '../api/problem'

export function ProblemNote({ problem, retry, label = 'Try again' }: { problem: Problem; retry?: () => void; label?: string }) {
  return (
    <div className="problem" role="alert">
      <p className="problem-title">{problem.title}</p>
      {problem.detail !== problem.title && <p>{problem.detail}</p>}
      {retry && (
        <button type="button" className="button" onClick={retry}>
          {label}
        </button>
      )}
    </div>
  )
}
