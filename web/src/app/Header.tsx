// Name, pages, theme, the way out.
import type { User } from '../shared/api/types'
import { Link } from '../shared/router'
import { setTheme, useTheme, type Theme } from '../shared/theme'
import { Icon, type IconName } from '../shared/ui/Icon'
import { Wordmark } from '../shared/ui/Wordmark'

const PAGES = [
  ['/', 'Ask'],
  ['/search', 'Search'],
  ['/documents', 'Documents'],
] as const
const ADMIN_PAGES = [['/sources', 'Sources']] as const

const THEMES: Record<Theme, { next: Theme; icon: IconName }> = {
  system: { next: 'light', icon: 'system' },
  light: { next: 'dark', icon: 'sun' },
  dark: { next: 'system', icon: 'moon' },
}

export function Header({ path, user, onLeave }: { path: string; user: User; onLeave: () => void }) {
  return (
    <header className="header">
      <Link href="/" className="header-name">
        <Wordmark />
      </Link>
      <nav className="header-pages" aria-label="Pages">
        {[...PAGES, ...(user.is_admin ? ADMIN_PAGES : [])].map(([href, name]) => (
          <Link key={href} href={href} aria-current={path === href ? 'page' : undefined}>
            {name}
          </Link>
        ))}
      </nav>
      <div className="header-tools">
        <span className="header-user" dir="auto">
          {user.name || user.email}
        </span>
        <ThemeButton />
        <button type="button" className="icon-button" aria-label="Log out" title="Log out" onClick={onLeave}>
          <Icon name="leave" />
        </button>
      </div>
    </header>
  )
}

function ThemeButton() {
  const theme = useTheme()
  const { next, icon } = THEMES[theme]
  const label = `Theme: ${theme}. Change to ${next}`
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} onClick={() => setTheme(next)}>
      <Icon name={icon} />
    </button>
  )
}
