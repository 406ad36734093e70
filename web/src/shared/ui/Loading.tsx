// Says that something is on its way; seen only when it takes a moment.

export function Loading({ what }: { what: string }) {
  return <p className="loading">Loading {what}…</p>
}
