// A stand-in for the server: speaks the HTTP contract with scripted answers and serves the built portal under the real CSP.
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { eventsOf, scriptFor } from './answers.mjs'
import { documents } from './library.mjs'
import { act, detail, sources, upload } from './sources.mjs'

const DIST = new URL('../../../web/dist/', import.meta.url).pathname
const PORT = Number(process.env.PORT ?? 8099)
const USER = { id: 'usr_01J00000000000000000000000', email: 'ada@isbrecke.example', name: 'Ada Sensor', is_admin: false, groups: ['staff'] }
const ADMIN = { id: 'usr_01J00000000000000000000001', email: 'root@isbrecke.example', name: 'Root', is_admin: true, groups: [] }
const PASSWORD = 'correct horse battery'
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
const HEADERS = {
  'content-security-policy': "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

function json(response, body, status = 200, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

function problem(response, status, code, title, detail) {
  response.writeHead(status, { 'content-type': 'application/problem+json' })
  response.end(JSON.stringify({ type: 'about:blank', title, status, detail, code }))
}

async function bodyOf(request) {
  let text = ''
  for await (const part of request) text += part
  return JSON.parse(text || '{}')
}

async function answerQuestion(request, response) {
  const { question = '' } = await bodyOf(request)
  if (question.trim() === '' || question.length > 4000) {
    return problem(response, 400, 'bad-question', 'The question cannot be used', 'Ask in 1 to 4000 characters.')
  }
  if (question.includes('log me out')) return problem(response, 401, 'not-logged-in', 'Not logged in', 'Log in first.')
  const script = scriptFor(question)
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.write(': keep-alive\n\n')
  let id = 0
  for (const [name, data] of eventsOf(script)) {
    if (response.destroyed) return
    if (name === script.breakAt) return response.destroy()
    if (name === script.cutAt) return response.end()
    response.write(`event: ${name}\nid: ${id++}\ndata: ${JSON.stringify(data)}\n\n`)
    await pause(script.pause ?? 8)
  }
  response.end()
}

function listDocuments(query, response) {
  const all = Object.values(documents).map(({ id, title, uri, media_type, modified_at, versions }) => ({
    id, title, uri, media_type, version: versions.at(-1).hash, modified_at,
  }))
  const limit = Number(query.get('limit') ?? 50)
  const from = all.findIndex(({ id }) => id === query.get('after')) + 1
  const page = all.slice(from, from + limit)
  json(response, { documents: page, next: from + limit < all.length ? page.at(-1).id : null })
}

function documentText(id, hash, response) {
  const document = Object.values(documents).find((document) => document.id === id)
  const version = hash ? document?.versions.find((version) => version.hash === hash) : document?.versions.at(-1)
  if (!version) return problem(response, 404, 'not-found', 'Not found', 'There is no such document.')
  const { text, pages, headings } = version
  json(response, { document_id: id, version: version.hash, title: document.title, uri: document.uri, text, pages, headings, superseded: !version.live })
}

function search(query, response) {
  const words = (query.get('q') ?? '').toLowerCase().split(/\s+/).filter((word) => word.length > 2)
  const hits = Object.values(documents).flatMap(({ id, title, uri, versions }) =>
    versions.at(-1).text.split('\n\n').flatMap((text, index, parts) => {
      if (!words.some((word) => text.toLowerCase().includes(word))) return []
      const start = [...parts.slice(0, index).join('\n\n')].length + (index > 0 ? 2 : 0)
      return [{ document_id: id, version: versions.at(-1).hash, title, uri, score: 0.5, start, end: start + [...text].length, page: null, text }]
    }),
  )
  json(response, { hits: hits.slice(0, Number(query.get('limit') ?? 10)).map((hit, index) => ({ ...hit, chunk_id: index + 1 })) })
}

const sessions = new Map()

async function answerAdmin(route, known, request, response) {
  if (route === 'GET /sources') return json(response, { sources: known.map(({ summary }) => summary) })
  const [, method, id, action] = /^(GET|POST) \/sources\/([^/]+)(?:\/([\w/]+))?$/.exec(route) ?? []
  const source = known.find(({ summary }) => summary.id === id)
  if (!source) return problem(response, 404, 'not-found', 'Not found', 'There is no such source.')
  if (action === 'documents') {
    let body = ''
    for await (const part of request) body += part
    if (body.includes('huge')) return problem(response, 413, 'too-large', 'The request is too large', 'Send at most 64 MB at once.')
    return json(response, { documents: [upload(source, body)] })
  }
  if (method === 'POST') act(source, action)
  json(response, detail(source))
}

function portal(path, response) {
  const wanted = normalize(join(DIST, path))
  const file = wanted.startsWith(DIST) && existsSync(wanted) && statSync(wanted).isFile() ? wanted : join(DIST, 'index.html')
  response.writeHead(200, { ...HEADERS, 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' })
  createReadStream(file).pipe(response)
}

async function serve(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://mock')
  if (pathname === '/livez') return response.end('ok')
  if (!pathname.startsWith('/api/')) return portal(pathname, response)
  const route = `${request.method} ${pathname.replace('/api/v1', '')}`
  if (route === 'POST /login') {
    const { email, password } = await bodyOf(request)
    const user = [USER, ADMIN].find((user) => user.email === email)
    if (!user || password !== PASSWORD) {
      return problem(response, 401, 'bad-credentials', 'Wrong e-mail address or password', 'Check both, then try again.')
    }
    const session = user.is_admin ? `mock-admin-${sessions.size}` : 'mock'
    if (user.is_admin) sessions.set(session, sources())
    return json(response, { user }, 200, { 'set-cookie': `footnote_session=${session}; HttpOnly; SameSite=Lax; Path=/` })
  }
  const known = sessions.get(/footnote_session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1])
  if (!request.headers.cookie?.includes('footnote_session=mock')) return problem(response, 401, 'not-logged-in', 'Not logged in', 'Log in first.')
  if (route === 'POST /logout') return response.writeHead(204, { 'set-cookie': 'footnote_session=; Max-Age=0; Path=/' }).end()
  if (route === 'GET /me') return json(response, known ? ADMIN : USER)
  if (route === 'POST /ask') return answerQuestion(request, response)
  if (route === 'GET /search') return search(searchParams, response)
  if (route === 'GET /documents') return listDocuments(searchParams, response)
  const text = /^GET \/documents\/([^/]+)\/text$/.exec(route)
  if (text) return documentText(text[1], searchParams.get('version'), response)
  if (pathname.startsWith('/api/v1/sources')) {
    if (!known) return problem(response, 403, 'not-admin', 'For administrators only', 'Ask an administrator of this workspace.')
    return answerAdmin(route, known, request, response)
  }
  problem(response, 404, 'not-found', 'Not found', 'There is no such address.')
}

const server = createServer((request, response) => {
  serve(request, response).catch((error) => response.destroy(error))
})
server.listen(PORT, '127.0.0.1', () => console.log(`mock: http://127.0.0.1:${server.address().port}  ${USER.email}  ${PASSWORD}`))
