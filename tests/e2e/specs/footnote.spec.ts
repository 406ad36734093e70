import { expect, test } from '@playwright/test'
import { answer, ask, logIn, markedText, reader, footnoteMarks } from '../portal'

test.beforeEach(async ({ page }) => logIn(page))

test('hover shows the quote, and it can be reached with the pointer', async ({ page }) => {
  await ask(page, 'What is the range?')
  await footnoteMarks(page).first().hover()
  const card = page.getByRole('tooltip')
  await expect(card).toContainText('Rime 3 data sheet p. 1')
  await expect(card).toContainText('−40 °C to +85 °C')
  await card.hover()
  await page.waitForTimeout(300)
  await expect(card).toBeVisible()
})

test('by keyboard alone: question, footnote, document, and back to the footnote', async ({ page }) => {
  await page.keyboard.type('What is the range?')
  await page.keyboard.press('Enter')
  await expect(answer(page)).toHaveAttribute('aria-busy', 'false')
  const mark = footnoteMarks(page).first()
  for (let presses = 0; presses < 5 && !(await mark.evaluate((element) => element === document.activeElement)); presses += 1) {
    await page.keyboard.press('Tab')
  }
  await expect(mark).toBeFocused()
  await expect(page.getByRole('tooltip')).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(reader(page).getByRole('heading', { name: 'Rime 3 data sheet' })).toBeFocused()
  expect(await markedText(page)).toBe('The Rime 3 works from −40 °C to +85 °C and from 0 to 100 % relative humidity.')
  await page.keyboard.press('Escape')
  await expect(reader(page)).toHaveCount(0)
  await expect(mark).toBeFocused()
})

for (const [question, quote] of [
  ['emoji', 'Calibrated in our own laboratory.\n\nAccuracy is ±1.5 % RH'],
  ['חופשה', '𝒳-Team (🇮🇱) מאשר בקשות בתוך שלושה ימים.'],
  ['log', 'Entry 813. The reading of channel 12 was within limits, and the operator signed the log 🖊️.'],
] as const) {
  test(`exactly the cited characters are marked and in view: ${question}`, async ({ page }) => {
    await ask(page, question)
    await footnoteMarks(page).first().click()
    expect(await markedText(page)).toBe(quote)
    await expect(reader(page).locator('mark').first()).toBeInViewport()
  })
}

test('the cited version is shown even when it is superseded, with the way to the current one', async ({ page }) => {
  await ask(page, 'superseded')
  await footnoteMarks(page).first().click()
  expect(await markedText(page)).toContain('at most 4 unused days')
  await expect(reader(page).getByText('Superseded')).toBeVisible()
  await reader(page).getByRole('link', { name: 'Read the current version' }).click()
  await expect(reader(page).getByText('Superseded')).toHaveCount(0)
  await expect(reader(page)).toContainText('at most 6 unused days')
  await expect(reader(page).locator('mark')).toHaveCount(0)
})

test('the address opens the same words again, and Back closes the document', async ({ page }) => {
  await ask(page, 'What is the range?')
  await footnoteMarks(page).nth(1).click()
  const quote = await markedText(page)
  const address = page.url()
  await page.goBack()
  await expect(reader(page)).toHaveCount(0)
  await expect(answer(page)).toBeVisible()
  await page.goto(address)
  expect(await markedText(page)).toBe(quote)
})

test('a document that is gone is told, and the reader still closes', async ({ page }) => {
  await page.goto('/documents?doc=doc_01J0000000000000000000GONE')
  await expect(reader(page).getByRole('alert')).toContainText('There is no such document.')
  await page.keyboard.press('Escape')
  await expect(reader(page)).toHaveCount(0)
})

test('on a small screen the document covers the page and takes the focus with it', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 700 })
  await ask(page, 'What is the range?')
  await footnoteMarks(page).first().click()
  await expect(reader(page)).toHaveAttribute('aria-modal', 'true')
  await expect(page.locator('.portal-page')).toHaveAttribute('inert')
  expect(await reader(page).boundingBox()).toEqual({ x: 0, y: 0, width: 360, height: 700 })
  await reader(page).getByRole('button', { name: 'Close document' }).click()
  await expect(footnoteMarks(page).first()).toBeFocused()
})
