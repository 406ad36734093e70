import { expect, test } from '@playwright/test'
import { expectNoSidewaysScroll, expectNoViolations, ask, logIn, markedText, reader, footnoteMarks } from '../portal'

test('search finds, tells how much, and opens the passage', async ({ page }) => {
  await logIn(page)
  await page.getByRole('link', { name: 'Search' }).click()
  await expect(page.getByLabel('Search the documents')).toBeFocused()
  await page.keyboard.type('calibrated laboratory')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('status')).toHaveText('1 passage')
  await page.getByRole('link', { name: 'Rime 3 data sheet' }).click()
  expect(await markedText(page)).toContain('Calibrated in our own laboratory.')
  // A later version of the document would have other words there.
  await expect(page).toHaveURL(/[?&]v=[0-9a-f]+/)
  await page.goto('/search?q=zzzz')
  await expect(page.getByRole('status')).toHaveText('No passage matches.')
})

test('documents come page by page', async ({ page }) => {
  await logIn(page)
  await page.getByRole('link', { name: 'Documents' }).click()
  await expect(page.locator('.document')).toHaveCount(30)
  await page.getByRole('button', { name: 'Show more' }).click()
  await expect(page.locator('.document')).toHaveCount(44)
  await expect(page.getByRole('button', { name: 'Show more' })).toHaveCount(0)
  await page.getByRole('link', { name: 'Field note 40' }).click()
  await expect(reader(page)).toContainText('Nothing out of the ordinary.')
})

test('the theme follows the system until chosen, and the choice is there before the first paint', async ({ page }) => {
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
  await page.emulateMedia({ colorScheme: 'dark' })
  await logIn(page)
  const dark = await background()
  await page.getByRole('button', { name: /^Theme: system/ }).click()
  const light = await background()
  expect(light).not.toBe(dark)
  await page.route('**/assets/*.js', (route) => route.abort())
  await page.reload({ waitUntil: 'domcontentloaded' })
  expect(await background()).toBe(light)
})

for (const theme of ['light', 'dark'] as const) {
  test(`no accessibility violations, ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme })
    await page.goto('/')
    await expect(page.getByLabel('Password')).toBeVisible()
    await expectNoViolations(page)
    await logIn(page)
    await expectNoViolations(page)
    await ask(page, 'carry over')
    await page.locator('summary').first().click()
    await footnoteMarks(page).first().focus()
    await expectNoViolations(page)
    await footnoteMarks(page).first().click()
    await markedText(page)
    await expectNoViolations(page)
    for (const question of ['unanswerable', 'generator down', 'superseded']) {
      await page.goto('/')
      await ask(page, question)
      await expectNoViolations(page)
    }
    for (const address of ['/search?q=leave', '/documents', '/nowhere', '/documents?doc=doc_gone']) {
      await page.goto(address)
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
      await expectNoViolations(page)
    }
  })
}

test('nothing scrolls sideways at 320 pixels', async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 640 })
  await page.goto('/')
  await expectNoSidewaysScroll(page)
  await logIn(page)
  await expectNoSidewaysScroll(page)
  for (const question of ['carry over', 'log', 'חופשה', `unanswerable ${'x'.repeat(300)}`]) {
    await ask(page, question)
    await expectNoSidewaysScroll(page)
  }
  await ask(page, 'log')
  await footnoteMarks(page).first().focus()
  await expect(page.getByRole('tooltip')).toBeInViewport({ ratio: 1 })
  await footnoteMarks(page).first().click()
  await markedText(page)
  await expectNoSidewaysScroll(page)
  for (const address of ['/search?q=reading', '/documents']) {
    await page.goto(address)
    await expect(page.getByRole('list').first()).toBeVisible()
    await expectNoSidewaysScroll(page)
  }
})

test('with reduced motion nothing moves', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await logIn(page)
  await page.getByLabel('Your question').fill('carry over, slow')
  await page.keyboard.press('Enter')
  await expect(page.locator('.progress-dot')).toBeVisible()
  await page.waitForTimeout(100)
  expect(await page.evaluate(() => document.getAnimations().filter(({ playState }) => playState === 'running').length)).toBe(0)
})
