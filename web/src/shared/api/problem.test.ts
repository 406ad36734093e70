import { expect, test } from 'vitest'
import { problemFrom, problemOf } from './problem'

test('a problem is read as the server wrote it', () => {
  const body = { title: 'Log-in failed', detail: 'Wrong.', code: 'bad-credentials', status: 401 }
  expect(problemFrom(body, 401)).toEqual(body)
})

test('anything else still gives words to show', () => {
  for (const body of [null, '<html>', { detail: 7 }, undefined]) {
    expect(problemFrom(body, 502)).toMatchObject({ title: 'Something went wrong', status: 502 })
  }
})

test('a failed connection is told as one', () => {
  expect(problemOf(new TypeError('fetch failed')).code).toBe('unreachable')
})
