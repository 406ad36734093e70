// A source that is all there, for tests to change.
import type { SourceSummary } from '../../shared/api/types'

export const SOURCE: SourceSummary = {
  id: 'src_1',
  kind: 'folder',
  name: 'Handbook',
  state: 'idle',
  paused: false,
  reason: null,
  source_count: 3,
  indexed_count: 3,
  waiting_count: 0,
  duplicate_count: 0,
  failed_count: 0,
  last_success: '2026-11-24T08:00:00Z',
  next_sync: null,
  schedule: null,
  done: null,
  total: null,
  rate: null,
  eta_seconds: null,
}
