// The sources an administrator sees: one of each kind of state, and one that files are sent to. Each login has its own.
const NEVER = {
  state: 'idle', paused: false, reason: null, source_count: 0, indexed_count: 0, waiting_count: 0, duplicate_count: 0, failed_count: 0,
  last_success: null, next_sync: null, schedule: null, done: null, total: null, rate: null, eta_seconds: null,
}

function source(id, kind, name, figures, failed = []) {
  return { summary: { ...NEVER, id: `src_01J0000000000000000000${id}`, kind, name, ...figures, failed_count: failed.length }, failed }
}

export function sources() {
  return [
    source('HAND', 'folder', 'Handbook', {
      source_count: 430, indexed_count: 412, waiting_count: 3, duplicate_count: 6,
      last_success: '2026-11-24T08:00:00Z', next_sync: '2026-11-24T08:15:00Z', schedule: 'every 15m',
    }, [
      { item: 'people/scan-of-a-contract-with-a-rather-long-name-that-has-to-wrap.pdf', reason: 'parse scan.pdf: every page is scanned and holds no text' },
      { item: 'finance/2026.xlsx', reason: 'parse 2026.xlsx: it is encrypted and needs a password' },
    ]),
    source('WIKI', 'confluence', 'Wiki', {
      state: 'running', source_count: 900, indexed_count: 300, done: 120, total: 400, rate: 12.4, eta_seconds: 140, last_success: '2026-11-23T08:00:00Z',
    }),
    source('SLAC', 'slack', 'Chat', { state: 'failed', reason: 'the token was revoked: give the source another one', next_sync: '2026-11-24T09:00:00Z' }),
    source('PUSH', 'push', 'Handouts', { source_count: 2, indexed_count: 2 }),
  ]
}

/** What became of an uploaded file, by its name. */
export function upload(source, body) {
  const id = /filename="([^"]*)"/.exec(body)?.[1] ?? ''
  if (id.includes('broken')) {
    const reason = `parse ${id} as PDF: the cross-reference table is missing`
    source.failed.push({ item: id, reason })
    source.summary.failed_count += 1
    source.summary.source_count += 1
    return { id, document_id: null, status: 'failed', reason }
  }
  source.summary.source_count += 1
  source.summary.indexed_count += 1
  return { id, document_id: 'doc_01J0000000000000000000PUSH', status: 'added', reason: null }
}

export function detail({ summary, failed }) {
  return { ...summary, failed, notes: [], access: ['everyone'], settings: {} }
}

/** What a button did. */
export function act({ summary }, action) {
  if (action === 'sync' || action === 'failures/retry') summary.state = 'queued'
  if (action === 'pause') Object.assign(summary, { paused: true, state: 'paused' })
  if (action === 'resume') Object.assign(summary, { paused: false, state: 'idle' })
}
