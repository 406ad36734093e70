import { expect, test } from '@playwright/test'
import { MOCK_ACCOUNT, ask, logIn, questionBox, startAsking, footnoteMarks } from '../portal'

test('a wrong password is told in the server’s words, and the right one gets in', async ({ page }) => {
  await page.goto('/')
  await page.getByLabel('E-mail').fill(MOCK_ACCOUNT.email)
  await page.getByLabel('Password').fill('wrong')
  await page.getByRole('button', { name: 'Log in' }).click()
  await expect(page.getByRole('alert')).toHaveText('Wrong e-mail address or password. Check both, then try again.')
  await page.getByLabel('Password').fill(MOCK_ACCOUNT.password)
  await page.keyboard.press('Enter')
  await expect(questionBox(page)).toBeFocused()
})

test('password managers find both fields', async ({ page }) => {
  await page.goto('/')
  await expect(page.getByLabel('E-mail')).toHaveAttribute('autocomplete', 'username')
  await expect(page.getByLabel('Password')).toHaveAttribute('autocomplete', 'current-password')
})

test('logging out ends the session and forgets its answers', async ({ page }) => {
  await logIn(page)
  await ask(page, 'carry over')
  await page.getByRole('button', { name: 'Log out' }).click()
  await expect(page.getByRole('button', { name: 'Log in' })).toBeVisible()
  await page.reload()
  await logIn(page)
  await expect(page.getByRole('article')).toHaveCount(0)
})

test('a session that ends meanwhile asks to log in again', async ({ page }) => {
  await logIn(page)
  await questionBox(page).fill('log me out')
  await questionBox(page).press('Enter')
  await expect(page.getByText('Your session has ended. Log in to go on.')).toBeVisible()
})

test('a server that cannot be reached is told, and asking again works', async ({ page }) => {
  await logIn(page)
  await page.route('**/api/v1/ask', (route) => route.abort())
  await startAsking(page, 'carry over')
  await expect(page.getByRole('alert')).toContainText('cannot be reached')
  await page.unroute('**/api/v1/ask')
  await page.getByRole('button', { name: 'Ask again' }).click()
  await expect(footnoteMarks(page).first()).toBeVisible()
})
