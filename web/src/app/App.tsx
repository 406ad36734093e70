// The portal: who is there, which page, and the reader beside it.
import { useEffect, useRef, type ReactNode } from 'react'
import { AskPage } from '../features/ask/AskPage'
import { forgetExchanges } from '../features/ask/store'
import { DocumentsPage } from '../features/documents/DocumentsPage'
import { LoginPage } from '../features/login/LoginPage'
import { ReaderPanel } from '../features/reader/ReaderPanel'
import { SearchPage } from '../features/search/SearchPage'
import { SourcesPage } from '../features/sources/SourcesPage'
import type { User } from '../shared/api/types'
import { useReaderTarget } from '../shared/reader'
import { Link, usePlace } from '../shared/router'
import { ProblemNote } from '../shared/ui/ProblemNote'
import { useMedia } from '../shared/useMedia'
import { Header } from './Header'
import { useSession } from './session'
import './app.css'

const PAGES: Record<string, () => ReactNode> = { '/': AskPage, '/search': SearchPage, '/documents': DocumentsPage }
const ADMIN_PAGES: Record<string, () => ReactNode> = { '/sources': SourcesPage }

export function App() {
  const { session, enter, leave, retry } = useSession()
  switch (session.state) {
    case 'asking':
      return null
    case 'unknown':
      return (
        <main className="page lonely">
          <h1 className="unseen">Footnote</h1>
          <ProblemNote problem={session.problem} retry={retry} />
        </main>
      )
    case 'guest':
      return <LoginPage notice={session.notice} onLogin={enter} />
    case 'user':
      return (
        <Portal
          user={session.user}
          onLeave={() => {
            forgetExchanges()
            void leave()
          }}
        />
      )
  }
}

function Portal({ user, onLeave }: { user: User; onLeave: () => void }) {
  const { path } = usePlace()
  const target = useReaderTarget()
  const narrow = useMedia('(max-width: 60rem)')
  const main = useRef<HTMLElement>(null)
  const seen = useRef(path)
  const Page = PAGES[path] ?? (user.is_admin ? ADMIN_PAGES[path] : undefined) ?? NotFound

  useEffect(() => {
    if (seen.current === path) return
    seen.current = path
    window.scrollTo(0, 0)
    if (!main.current?.contains(document.activeElement)) main.current?.focus()
  }, [path])

  return (
    <div className="portal" data-reading={target !== null || undefined}>
      <div className="portal-page" inert={target !== null && narrow}>
        <a href="#main" className="skip">
          Skip to content
        </a>
        <Header path={path} user={user} onLeave={onLeave} />
        <main id="main" ref={main} tabIndex={-1}>
          <Page />
        </main>
      </div>
      {target && <ReaderPanel target={target} modal={narrow} />}
    </div>
  )
}

function NotFound() {
  return (
    <div className="page">
      <h1>There is no such page</h1>
      <p>
        <Link href="/">Ask a question</Link>
      </p>
    </div>
  )
}
