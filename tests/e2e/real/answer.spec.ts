// The same portal in front of the real binary serving the sample workspace.
import { expect, test, type Page } from '@playwright/test'
import { answer, ask, complaintsOf, expectNoSidewaysScroll, expectNoViolations, logIn, markedText, questionBox, reader, footnoteMarks } from '../portal'

const ACCOUNT = {
  email: process.env.FOOTNOTE_E2E_EMAIL || 'admin@localhost',
  password: process.env.FOOTNOTE_E2E_PASSWORD ?? '',
}
const QUESTION = 'How many unused days of leave can I carry over?'

declare global {
  interface Window {
    streamed?: Promise<{ type: string | null; text: string }>
  }
}

type Cited = { quote: string; document_id: string; version: string; start: number; end: number }

test('log in, ask, read each footnote’s exact words in its document, by keyboard', async ({ page }) => {
  const complaints = complaintsOf(page)
  await keepStream(page)
  await logIn(page, ACCOUNT)
  await page.keyboard.type(QUESTION)
  await page.keyboard.press('Enter')
  await expect(answer(page)).toHaveAttribute('aria-busy', 'false', { timeout: 120_000 })
  await expect(answer(page).getByRole('alert')).toHaveCount(0)

  const { type, text } = await page.evaluate(() => window.streamed!)
  expect(type).toContain('text/event-stream')
  const citations = citationsOf(text)
  expect(citations.length).toBeGreaterThan(0)

  const marks = page.locator('.footnote')
  await expect(marks).toHaveCount(citations.length)
  for (const [index, citation] of citations.entries()) {
    await marks.nth(index).focus()
    await page.keyboard.press('Enter')
    await expect(page).toHaveURL(new RegExp(`doc=${citation.document_id}.*s=${citation.start}&e=${citation.end}$`))
    expect(await markedText(page)).toBe(citation.quote)
    await expect(reader(page).locator('mark').first()).toBeInViewport()
    await page.keyboard.press('Escape')
    await expect(marks.nth(index)).toBeFocused()
  }
  expect(complaints).toEqual([])
})

test('hover and focus show the quote', async ({ page }) => {
  await logIn(page, ACCOUNT)
  await ask(page, QUESTION)
  const mark = footnoteMarks(page).first()
  await mark.hover()
  await expect(page.getByRole('tooltip')).toBeVisible()
  await page.mouse.move(0, 0)
  await mark.focus()
  await expect(page.getByRole('tooltip')).toBeVisible()
})

test('a wrong password is refused', async ({ page }) => {
  await page.goto('/')
  await page.getByLabel('E-mail').fill(ACCOUNT.email)
  await page.getByLabel('Password').fill('not the password')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alert')).toBeVisible()
  await expect(questionBox(page)).toHaveCount(0)
})

test('search and documents open a document', async ({ page }) => {
  await logIn(page, ACCOUNT)
  await page.goto('/search?q=carry+over+leave')
  await page.locator('.hit-title').first().click()
  expect((await markedText(page)).length).toBeGreaterThan(0)
  await page.goto('/documents')
  await page.locator('.document-title').first().click()
  await expect(reader(page).locator('.block').first()).toBeVisible()
})

for (const theme of ['light', 'dark'] as const) {
  test(`no accessibility violations, ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme })
    await page.goto('/')
    await expect(page.getByLabel('Password')).toBeVisible()
    await expectNoViolations(page)
    await logIn(page, ACCOUNT)
    await expectNoViolations(page)
    await ask(page, QUESTION)
    await expectNoViolations(page)
    await footnoteMarks(page).first().click()
    await markedText(page)
    await expectNoViolations(page)
    for (const address of ['/search?q=leave', '/documents']) {
      await page.goto(address)
      await expect(page.getByRole('list').first()).toBeVisible()
      await expectNoViolations(page)
    }
  })
}

test('nothing scrolls sideways at 320 pixels', async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 640 })
  await logIn(page, ACCOUNT)
  await expectNoSidewaysScroll(page)
  await ask(page, QUESTION)
  await expectNoSidewaysScroll(page)
  await footnoteMarks(page).first().click()
  await markedText(page)
  await expectNoSidewaysScroll(page)
  for (const address of ['/search?q=leave', '/documents']) {
    await page.goto(address)
    await expect(page.getByRole('list').first()).toBeVisible()
    await expectNoSidewaysScroll(page)
  }
})

/** Keeps the answer's stream as the page receives it: the browser itself may drop a streamed body before a test asks for it. */
async function keepStream(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const fetched = window.fetch
    window.fetch = async (...args) => {
      const response = await fetched(...args)
      if (response.url.endsWith('/api/v1/ask')) {
        const type = response.headers.get('content-type')
        window.streamed = response.clone().text().then((text) => ({ type, text }))
      }
      return response
    }
  })
}

/** The citations in the stream's `done` event. */
function citationsOf(stream: string): Cited[] {
  const done = stream.split(/\r?\n\r?\n/).find((event) => /^event: ?done$/m.test(event))
  const data = /^data: ?(.*)$/m.exec(done ?? '')?.[1] ?? '{}'
  return (JSON.parse(data) as { citations?: Cited[] }).citations ?? []
}
