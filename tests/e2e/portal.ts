// What the specs do with the portal, in the words of the person at the screen.
import AxeBuilder from '@axe-core/playwright'
import { expect, type Locator, type Page } from '@playwright/test'

export type Account = { email: string; password: string }

export const MOCK_ACCOUNT: Account = { email: 'ada@isbrecke.example', password: 'correct horse battery' }

export const MOCK_ADMIN: Account = { email: 'root@isbrecke.example', password: 'correct horse battery' }

export async function logIn(page: Page, { email, password }: Account = MOCK_ACCOUNT): Promise<void> {
  await page.goto('/')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.keyboard.press('Enter')
  await expect(questionBox(page)).toBeFocused()
}

export function questionBox(page: Page): Locator {
  return page.getByLabel('Your question')
}

export function answer(page: Page): Locator {
  return page.getByRole('article')
}

/** The numbers in the answer's text. */
export function footnoteMarks(page: Page): Locator {
  return page.locator('[role=doc-noteref]')
}

export function reader(page: Page): Locator {
  return page.getByRole('dialog')
}

/** Asks, and waits until the answer has settled. */
export async function ask(page: Page, question: string): Promise<void> {
  await startAsking(page, question)
  await expect(answer(page)).toHaveAttribute('aria-busy', 'false', { timeout: 120_000 })
}

export async function startAsking(page: Page, question: string): Promise<void> {
  await questionBox(page).fill(question)
  await questionBox(page).press('Enter')
  await expect(answer(page).getByRole('heading', { name: question })).toBeVisible()
}

/** A source by its name, on the page of sources. */
export function source(page: Page, name: string): Locator {
  return page.getByRole('article').filter({ has: page.getByRole('heading', { name }) })
}

/** The characters that the reader marks, as they are in the stored text. */
export async function markedText(page: Page): Promise<string> {
  await expect(reader(page).locator('mark').first()).toBeVisible()
  return (await reader(page).locator('mark').allTextContents()).join('')
}

export async function expectNoViolations(page: Page): Promise<void> {
  await page.evaluate(() => {
    const ending = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().iterations !== Infinity)
    return Promise.allSettled(ending.map(({ finished }) => finished)).then(() => null)
  })
  const { violations } = await new AxeBuilder({ page }).analyze()
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map(({ html }) => `  ${html}`).join('\n')}`)
  expect(told).toEqual([])
}

export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const { scroll, client } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    client: document.documentElement.clientWidth,
  }))
  expect(scroll).toBeLessThanOrEqual(client)
}

/** Collects what the page complains about: script errors and refusals by the content security policy. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (/content security policy|refused to/i.test(message.text())) complaints.push(message.text())
  })
  return complaints
}
