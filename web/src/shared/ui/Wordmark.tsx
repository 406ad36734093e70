// The product's name, set the way it works: with a footnote.

export function Wordmark() {
  return (
    <span className="wordmark">
      Footnote
      <sup aria-hidden="true">1</sup>
    </span>
  )
}
