import { expect, test } from '@playwright/test'
import { complaintsOf, expectNoSidewaysScroll, expectNoViolations, logIn, MOCK_ADMIN, source } from '../portal'

test('an administrator sees each source, why figures differ, and what failed', async ({ page }) => {
  await logIn(page, MOCK_ADMIN)
  await page.getByRole('link', { name: 'Sources' }).click()
  await expect(page.getByRole('article')).toHaveCount(4)
  const handbook = source(page, 'Handbook')
  await expect(handbook).toContainText('412 of 430 documents can be found')
  for (const why of ['3 wait for the indexes', '2 could not be read', '13 have not been read yet', '6 have the very text of another document']) {
    await expect(handbook).toContainText(why)
  }
  await handbook.getByText('2 documents that could not be read').click()
  await expect(handbook).toContainText('it is encrypted and needs a password')
  await handbook.getByRole('button', { name: 'Read what failed in Handbook again' }).click()
  await expect(handbook).toContainText('Queued')
  const wiki = source(page, 'Wiki')
  await expect(wiki.getByRole('progressbar', { name: 'Sync of Wiki' })).toBeVisible()
  await expect(wiki).toContainText('120 of 400 items · 12 a second · about 2 minutes left')
  await expect(source(page, 'Chat')).toContainText('the token was revoked: give the source another one')
})

test('sync, pause and resume', async ({ page }) => {
  await logIn(page, MOCK_ADMIN)
  await page.goto('/sources')
  const handbook = source(page, 'Handbook')
  await handbook.getByRole('button', { name: 'Sync Handbook now' }).click()
  await expect(handbook).toContainText('Queued')
  await expect(handbook.getByRole('button', { name: 'Sync Handbook now' })).toBeDisabled()
  const handouts = source(page, 'Handouts')
  await expect(handouts.getByRole('button', { name: /^Sync/ })).toHaveCount(0)
  await handouts.getByRole('button', { name: 'Pause Handouts' }).click()
  await expect(handouts).toContainText('Paused')
  await expect(handouts.getByRole('button', { name: 'Choose files for Handouts' })).toHaveCount(0)
  await handouts.getByRole('button', { name: 'Resume Handouts' }).click()
  await expect(handouts).toContainText('Ready')
})

test('files are chosen by keyboard or dropped; each says what became of it', async ({ page }) => {
  const complaints = complaintsOf(page)
  await logIn(page, MOCK_ADMIN)
  await page.goto('/sources')
  const handouts = source(page, 'Handouts')
  const chosen = page.waitForEvent('filechooser')
  await handouts.getByRole('button', { name: 'Choose files for Handouts' }).focus()
  await page.keyboard.press('Enter')
  const file = (name: string) => ({ name, mimeType: 'text/markdown', buffer: Buffer.from('words') })
  await (await chosen).setFiles([file('badges.md'), file('broken.pdf'), file('huge.md')])
  await expect(handouts.getByRole('status')).toHaveText('1 file stored, 2 not')
  const sent = handouts.getByRole('list', { name: 'Files sent to Handouts' }).getByRole('listitem')
  await expect(sent.filter({ hasText: 'badges.md' })).toContainText('Added')
  await expect(sent.filter({ hasText: 'broken.pdf' })).toContainText('Open it to see whether it is whole, then send it again.')
  await expect(sent.filter({ hasText: 'huge.md' })).toContainText('Send at most 64 MB at once. Split it into smaller files')
  await expect(handouts).toContainText('3 of 4 documents can be found')
  await expectNoViolations(page)

  const dropped = await page.evaluateHandle(() => {
    const data = new DataTransfer()
    data.items.add(new File(['words'], 'dropped.md', { type: 'text/markdown' }))
    return data
  })
  const zone = handouts.locator('.drop')
  await zone.dispatchEvent('dragover', { dataTransfer: dropped })
  await expect(zone).toHaveAttribute('data-over', 'true')
  await zone.dispatchEvent('drop', { dataTransfer: dropped })
  await expect(sent.filter({ hasText: 'dropped.md' })).toContainText('Added')
  await expect(zone).not.toHaveAttribute('data-over')
  expect(complaints).toEqual([])
})

test('nobody else sees the page', async ({ page }) => {
  await logIn(page)
  await expect(page.getByRole('link', { name: 'Sources' })).toHaveCount(0)
  await page.goto('/sources')
  await expect(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible()
  expect((await page.request.get('/api/v1/sources')).status()).toBe(403)
})

test('without sources the commands that add one are shown', async ({ page }) => {
  await page.route('**/api/v1/sources', (route) => route.fulfill({ json: { sources: [] } }))
  await logIn(page, MOCK_ADMIN)
  await page.goto('/sources')
  await expect(page.getByText('footnote source add folder --path DIR --access public')).toBeVisible()
  await expectNoViolations(page)
  await page.setViewportSize({ width: 320, height: 640 })
  await expectNoSidewaysScroll(page)
})

for (const theme of ['light', 'dark'] as const) {
  test(`no accessibility violations, ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme })
    await logIn(page, MOCK_ADMIN)
    await page.goto('/sources')
    await expect(page.getByRole('article')).toHaveCount(4)
    await page.locator('summary').first().click()
    await expect(page.locator('.failures li')).toHaveCount(2)
    await expectNoViolations(page)
  })
}

test('nothing scrolls sideways at 320 pixels', async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 640 })
  await logIn(page, MOCK_ADMIN)
  await expectNoSidewaysScroll(page)
  await page.goto('/sources')
  await expect(page.getByRole('article')).toHaveCount(4)
  await page.locator('summary').first().click()
  await expect(page.locator('.failures li')).toHaveCount(2)
  const name = `${'a-very-long-name'.repeat(8)}.md`
  await page.getByLabel('Files for Handouts', { exact: true }).setInputFiles({ name, mimeType: 'text/markdown', buffer: Buffer.from('x') })
  await expect(page.locator('.sent-file')).toContainText('Added')
  await expectNoSidewaysScroll(page)
})
