// Mock specs always; real specs too when FOOTNOTE_E2E_URL and FOOTNOTE_E2E_PASSWORD name a running Footnote.
import { defineConfig } from '@playwright/test'

const PORT = Number(process.env.FOOTNOTE_MOCK_PORT ?? 8099)
const real = process.env.FOOTNOTE_E2E_URL
const chromium = process.env.FOOTNOTE_CHROMIUM ?? '/usr/bin/chromium'

export default defineConfig({
  outputDir: 'test-results',
  reporter: process.env.CI ? [['list'], ['html', { open: 'never' }]] : 'list',
  forbidOnly: Boolean(process.env.CI),
  fullyParallel: true,
  workers: 2,
  timeout: 90_000,
  use: {
    browserName: 'chromium',
    viewport: { width: 1280, height: 860 },
    trace: 'retain-on-failure',
    launchOptions: { executablePath: chromium, args: ['--no-sandbox'] },
  },
  projects: [
    { name: 'mock', testDir: 'specs', use: { baseURL: `http://127.0.0.1:${PORT}` } },
    ...(real && process.env.FOOTNOTE_E2E_PASSWORD
      ? [{ name: 'real', testDir: 'real', timeout: 180_000, use: { baseURL: real } }]
      : []),
  ],
  webServer: {
    command: 'npm --prefix ../../web run build && node mock/server.mjs',
    url: `http://127.0.0.1:${PORT}/livez`,
    env: { PORT: String(PORT) },
    // Another checkout's mock would test another portal.
    reuseExistingServer: false,
  },
})
