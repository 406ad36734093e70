// Where in which document the reader is open: part of the address, so Back closes it and a link shares it.
import type { ComponentProps } from 'react'
import { isPlainClick, navigate, redirect, usePlace } from './router'

export type ReaderTarget = { documentId: string; version?: string; start?: number; end?: number }

const KEYS = ['doc', 'v', 's', 'e'] as const
let opener: Element | null = null

export function useReaderTarget(): ReaderTarget | null {
  return targetFrom(usePlace().query)
}

export function targetFrom(query: URLSearchParams): ReaderTarget | null {
  const documentId = query.get('doc')
  if (!documentId) return null
  const version = query.get('v')
  const start = offset(query.get('s'))
  const end = offset(query.get('e'))
  return {
    documentId,
    ...(version ? { version } : {}),
    ...(start !== null && end !== null && start < end ? { start, end } : {}),
  }
}

/** The current page's address with the reader open at `target`, or closed. */
export function readerHref(target: ReaderTarget | null, path = location.pathname, search = location.search): string {
  const query = new URLSearchParams(search)
  for (const key of KEYS) query.delete(key)
  if (target) {
    query.set('doc', target.documentId)
    if (target.version) query.set('v', target.version)
    if (target.start !== undefined && target.end !== undefined) {
      query.set('s', String(target.start))
      query.set('e', String(target.end))
    }
  }
  return query.size > 0 ? `${path}?${query}` : path
}

/** Opens the reader and remembers what to give the focus back to. */
export function openReader(target: ReaderTarget): void {
  if (!targetFrom(new URLSearchParams(location.search))) opener = document.activeElement
  navigate(readerHref(target), { reader: true })
}

export function closeReader(): void {
  redirect(readerHref(null))
}

/** Gives the focus back to what opened the reader, once the reader is gone. */
export function returnFocus(): void {
  if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
}

/** A link that opens the reader beside the page. */
export function ReaderLink({ target, onClick, children, ...rest }: Omit<ComponentProps<'a'>, 'target'> & { target: ReaderTarget }) {
  return (
    <a
      {...rest}
      href={readerHref(target)}
      onClick={(event) => {
        onClick?.(event)
        if (event.defaultPrevented || !isPlainClick(event)) return
        event.preventDefault()
        event.currentTarget.focus()
        openReader(target)
      }}
    >
      {children}
    </a>
  )
}

function offset(value: string | null): number | null {
  return value !== null && /^\d{1,12}$/.test(value) ? Number(value) : null
}
