// An administrator sends a file through the portal of the real binary, and finds it.
import { expect, test } from '@playwright/test'
import { complaintsOf, expectNoSidewaysScroll, expectNoViolations, logIn, source } from '../portal'

const ACCOUNT = {
  email: process.env.FOOTNOTE_E2E_EMAIL || 'admin@localhost',
  password: process.env.FOOTNOTE_E2E_PASSWORD ?? '',
}

test('a file is uploaded, listed, found and answered from; a broken one says why', async ({ page }) => {
  const complaints = complaintsOf(page)
  await logIn(page, ACCOUNT)
  await page.getByRole('link', { name: 'Sources' }).click()
  const uploads = source(page, 'Uploads')
  await expect(uploads).toContainText('Ready')
  const text = '# Kestrel desk\n\nThe kestrel desk lends umbrellas to visitors until seven in the evening.\n'
  await page.getByLabel('Files for Uploads', { exact: true }).setInputFiles([
    { name: 'kestrel-desk.md', mimeType: 'text/markdown', buffer: Buffer.from(text) },
    { name: 'broken.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7 broken') },
  ])
  await expect(uploads.getByRole('status')).toHaveText('1 file stored, 1 not', { timeout: 30_000 })
  const sent = uploads.getByRole('list', { name: 'Files sent to Uploads' }).getByRole('listitem')
  await expect(sent.filter({ hasText: 'broken.pdf' })).toContainText(/parse broken\.pdf .*then send it again\./)
  await expect(uploads).toContainText('1 of 2 documents can be found', { timeout: 60_000 })
  await expect(uploads).toContainText('1 could not be read')
  await expectNoViolations(page)
  await page.setViewportSize({ width: 320, height: 640 })
  await expectNoSidewaysScroll(page)
  await page.setViewportSize({ width: 1280, height: 860 })

  await page.goto('/search?q=kestrel+desk+umbrellas')
  await expect(page.locator('.hit-title').first()).toHaveText('Kestrel desk')
  await page.goto('/')
  await page.getByLabel('Your question').fill('Until when does the kestrel desk lend umbrellas?')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('article')).toHaveAttribute('aria-busy', 'false', { timeout: 120_000 })
  await expect(page.getByRole('article')).toContainText('seven in the evening')
  expect(complaints).toEqual([])
})
