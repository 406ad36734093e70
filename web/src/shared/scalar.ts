// Translates the server's offsets (Unicode scalar values) into JavaScript's (UTF-16 code units).

/** The UTF-16 offset of each scalar offset in `text`; offsets past the end give the text's length. */
export function utf16Offsets(text: string, scalarOffsets: readonly number[]): number[] {
  const order = scalarOffsets.map((_, index) => index)
  order.sort((a, b) => (scalarOffsets[a] ?? 0) - (scalarOffsets[b] ?? 0))
  const found = scalarOffsets.map(() => 0)
  let units = 0
  let scalars = 0
  for (const index of order) {
    const wanted = scalarOffsets[index] ?? 0
    while (scalars < wanted && units < text.length) {
      units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1
      scalars += 1
    }
    found[index] = units
  }
  return found
}

/** The characters of `text` in the half-open scalar range. */
export function sliceScalars(text: string, start: number, end: number): string {
  const [from, to] = utf16Offsets(text, [start, end])
  return text.slice(from, to)
}
