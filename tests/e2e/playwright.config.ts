// Mock specs always; real specs too when FOOTNOTE_E2E_URL and FOOTNOTE_E2E_PASSWORD name a running Footnote.
import { defineConfig } from '@playwright/test'

// Known to the workers, which read this file once the mock has said its port.
const mock = `http://127.0.0.1:${process.env.FOOTNOTE_MOCK_PORT ?? 0}`
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
    { name: 'mock', testDir: 'specs', use: { baseURL: mock } },
    ...(real && process.env.FOOTNOTE_E2E_PASSWORD
      ? [{ name: 'real', testDir: 'real', timeout: 180_000, use: { baseURL: real } }]
      : []),
  ],
  webServer: {
    // Builds the portal only when it changed: the binary is compiled again after each build.
    command: '../../deploy/scripts/portal.sh && exec node mock/server.mjs',
    env: { PORT: '0' },
    wait: { stdout: /mock: http:\/\/127\.0\.0\.1:(?<footnote_mock_port>\d+)/ },
  },
})
