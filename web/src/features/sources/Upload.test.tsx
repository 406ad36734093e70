import { cleanup, render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, expect, test, vi } from 'vitest'
import { ProblemError } from '../../shared/api/problem'
import type { PushResult } from '../../shared/api/types'
import { SOURCE } from './sample'
import { send } from './send'
import { Upload } from './Upload'

vi.mock('./send', () => ({ send: vi.fn() }))
afterEach(cleanup)

function result(id: string, status: PushResult['status'], reason: string | null = null): PushResult {
  return { id, document_id: status === 'failed' ? null : 'doc_1', status, reason }
}

function show() {
  const onStored = vi.fn()
  render(<Upload source={{ ...SOURCE, kind: 'push', name: 'Handouts' }} onStored={onStored} />)
  const choose = (...names: string[]) =>
    userEvent.upload(screen.getByLabelText('Files for Handouts'), names.map((name) => new File(['words'], name)))
  return { onStored, choose }
}

test('files are sent one after the other, and each says what became of it', async () => {
  let running = 0
  vi.mocked(send).mockImplementation(async (_, { name }, onProgress) => {
    running += 1
    expect(running).toBe(1)
    onProgress(0.5)
    await Promise.resolve()
    running -= 1
    return name === 'b.exe' ? result(name, 'failed', 'read b.exe: it holds a program, which has no parser') : result(name, 'added')
  })
  const { onStored, choose } = show()
  await choose('a.md', 'b.exe', 'c.md')
  expect(await screen.findByText('2 files stored, 1 not')).toBeTruthy()
  const rows = within(screen.getByRole('list', { name: 'Files sent to Handouts' })).getAllByRole('listitem')
  expect(rows.map(({ textContent }) => textContent)).toEqual([
    'a.mdAdded',
    'b.exeread b.exe: it holds a program, which has no parser. Save it as PDF, Word, Markdown or text, then send it again.',
    'c.mdAdded',
  ])
  expect(onStored).toHaveBeenCalledTimes(3)
})

test('a file that did not arrive can be sent again', async () => {
  const full = { title: 'The disk is nearly full', detail: 'Tell your administrator.', code: 'no-space', status: 507 }
  vi.mocked(send).mockRejectedValueOnce(new ProblemError(full)).mockResolvedValueOnce(result('a.md', 'changed'))
  const { choose } = show()
  await choose('a.md')
  expect(await screen.findByText(/The disk is nearly full\. Tell your administrator\./)).toBeTruthy()
  await userEvent.click(screen.getByRole('button', { name: 'Send a.md again' }))
  expect(await screen.findByText('Changed')).toBeTruthy()
  expect(screen.getAllByRole('listitem')).toHaveLength(1)
  expect(screen.getByRole('status').textContent).toBe('1 file stored')
})

test('a file that is too large is not offered again', async () => {
  const tooLarge = { title: 'The request is too large', detail: 'Send at most 5 bytes.', code: 'too-large', status: 413 }
  vi.mocked(send).mockRejectedValueOnce(new ProblemError(tooLarge))
  const { choose } = show()
  await choose('a.md')
  expect(await screen.findByText(/Send at most 5 bytes\. Split it/)).toBeTruthy()
  expect(screen.queryByRole('button', { name: /again/ })).toBeNull()
})
