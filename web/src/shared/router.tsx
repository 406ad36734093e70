// The smallest router that does: the address bar is the state, links are real links.
import { useSyncExternalStore, type ComponentProps, type MouseEvent } from 'react'

export type Place = { path: string; query: URLSearchParams }

const MOVED = 'footnote:moved'

function subscribe(listener: () => void) {
  addEventListener('popstate', listener)
  addEventListener(MOVED, listener)
  return () => {
    removeEventListener('popstate', listener)
    removeEventListener(MOVED, listener)
  }
}

export function usePlace(): Place {
  const href = useSyncExternalStore(subscribe, () => location.pathname + location.search)
  const [path = '/', query = ''] = href.split('?', 2)
  return { path, query: new URLSearchParams(query) }
}

/** Goes to an address of this portal, as a new step of the browser's history. */
export function navigate(to: string, state: unknown = null): void {
  history.pushState(state, '', to)
  dispatchEvent(new Event(MOVED))
}

/** Goes to an address in place of the current one. */
export function redirect(to: string): void {
  history.replaceState(null, '', to)
  dispatchEvent(new Event(MOVED))
}

export function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
}

export function Link({ href, onClick, children, ...rest }: ComponentProps<'a'> & { href: string }) {
  return (
    <a
      {...rest}
      href={href}
      onClick={(event) => {
        onClick?.(event)
        if (event.defaultPrevented || !isPlainClick(event)) return
        event.preventDefault()
        navigate(href)
      }}
    >
      {children}
    </a>
  )
}
