import { expect, test } from '@playwright/test'
import { answer, ask, complaintsOf, logIn, questionBox, startAsking, footnoteMarks } from '../portal'

test.beforeEach(async ({ page }) => logIn(page))

test('the draft is shown as unverified, then each sentence with its verdict', async ({ page }) => {
  await startAsking(page, 'carry over, slow')
  await expect(answer(page).getByText('Unverified draft')).toBeVisible()
  await expect(answer(page).getByText('Reading 2 passages')).toBeVisible()
  await expect(answer(page)).toHaveAttribute('aria-busy', 'true')
  await expect(answer(page).locator('.sentence').first()).toBeVisible({ timeout: 20_000 })
  await expect(answer(page)).toHaveAttribute('aria-busy', 'false', { timeout: 20_000 })
  await expect(answer(page).getByText('Unverified draft')).toHaveCount(0)
  await expect(answer(page).locator('.sentence')).toHaveCount(3)
  await expect(answer(page).getByText('partly supported')).toBeVisible()
})

test('withheld sentences are folded away until asked for', async ({ page }) => {
  await ask(page, 'carry over')
  const withheld = answer(page).getByText('paid out with the June salary')
  await expect(withheld).toBeHidden()
  await answer(page).getByText('1 sentence withheld: no support found').click()
  await expect(withheld).toBeVisible()
})

test('a screen reader hears one line per answer and no tokens', async ({ page }) => {
  await page.evaluate(() => {
    const heard: string[] = []
    Object.assign(window, { heard })
    const status = document.querySelector('.ask [role=status]')
    if (status) new MutationObserver(() => heard.push(status.textContent ?? '')).observe(status, { characterData: true, childList: true, subtree: true })
  })
  await ask(page, 'carry over')
  await expect(page.locator('.ask [role=status]')).toHaveText('Answer ready: 3 sentences, 2 footnotes. 1 sentence withheld.')
  expect(await page.evaluate(() => (window as unknown as { heard: string[] }).heard.filter(Boolean))).toHaveLength(1)
  expect(await answer(page).locator('[aria-live], [role=log]').count()).toBe(0)
})

test('an unanswerable question offers the nearest documents', async ({ page }) => {
  await ask(page, 'something unanswerable')
  await expect(answer(page).getByText('The documents you may read do not answer this.')).toBeVisible()
  await answer(page).getByRole('link', { name: 'Leave policy' }).click()
  await expect(page.getByRole('dialog', { name: 'Leave policy' })).toBeVisible()
})

for (const [question, words] of [
  ['generator down', 'The model server did not answer'],
  ['break the stream', 'cannot be reached'],
  ['cut the stream', 'The connection ended early'],
] as const) {
  test(`a failure in the middle is told, nothing unchecked is left: ${question}`, async ({ page }) => {
    await ask(page, question)
    await expect(answer(page).getByRole('alert')).toContainText(words)
    await expect(answer(page).getByText('Unverified draft')).toHaveCount(0)
    await expect(answer(page).getByRole('button', { name: 'Ask again' })).toBeVisible()
  })
}

test('Escape and the button stop the answer and the request', async ({ page }) => {
  const aborted = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/ask'))
  await startAsking(page, 'carry over, slow')
  await expect(answer(page).getByText('Unverified draft')).toBeVisible()
  await page.keyboard.press('Escape')
  await aborted
  await expect(answer(page).getByText('Stopped before everything was checked.')).toBeVisible()
  await startAsking(page, 'slow again')
  await page.getByRole('button', { name: 'Stop' }).click()
  await expect(answer(page).getByText('Stopped before everything was checked.')).toBeVisible()
})

test('Shift+Enter breaks the line, Enter sends, slash returns to the box', async ({ page }) => {
  await questionBox(page).pressSequentially('carry')
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.type('over')
  await expect(questionBox(page)).toHaveValue('carry\nover')
  await page.keyboard.press('Enter')
  await expect(questionBox(page)).toHaveValue('')
  await page.getByRole('link', { name: 'Documents' }).focus()
  await footnoteMarks(page).first().focus()
  await page.keyboard.press('/')
  await expect(questionBox(page)).toBeFocused()
  await expect(questionBox(page)).toHaveValue('')
})

test('a suggestion asks itself, and the session keeps its questions', async ({ page }) => {
  const suggestion = page.locator('.suggestions button').first()
  const question = await suggestion.innerText()
  await suggestion.click()
  await expect(answer(page)).toHaveAttribute('aria-busy', 'false')
  await ask(page, 'What is the range?')
  await page.getByRole('link', { name: 'Search' }).click()
  await page.getByRole('link', { name: 'Ask', exact: true }).click()
  await expect(answer(page).getByRole('heading', { name: 'What is the range?' })).toBeVisible()
  await page.getByRole('navigation', { name: 'Questions of this session' }).getByRole('button', { name: question }).click()
  await expect(answer(page).getByRole('heading', { name: question })).toBeVisible()
})

test('markup in an answer stays text; nothing is fetched from elsewhere; the policy is kept', async ({ page }) => {
  const complaints = complaintsOf(page)
  const hosts = new Set<string>()
  page.on('request', (request) => hosts.add(new URL(request.url()).host))
  await page.reload()
  await ask(page, 'markup')
  await expect(answer(page).locator('.sentence')).toContainText('<img src="https://evil.example/x.png"')
  await expect(answer(page).locator('img')).toHaveCount(0)
  await footnoteMarks(page).first().hover()
  await expect(page.getByRole('tooltip')).toBeVisible()
  expect([...hosts]).toEqual([new URL(page.url()).host])
  expect(complaints).toEqual([])
})
