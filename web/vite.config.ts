// Builds the portal into dist/, which the binary embeds; in development the API is proxied.
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const server = process.env.FOOTNOTE_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [react()],
  build: { modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: { proxy: { '/api': server } },
  test: { environment: 'jsdom', include: ['src/**/*.test.{ts,tsx}'], restoreMocks: true },
})
