// A document's format in the word people use for it.

const KINDS: Record<string, string> = {
  'application/pdf': 'PDF',
  'text/html': 'HTML',
  'text/markdown': 'Markdown',
  'text/plain': 'Text',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'Word',
}

export function kindOf(mediaType: string): string {
  return KINDS[mediaType.split(';', 1)[0]?.trim() ?? ''] ?? mediaType
}
