// Passages that match by word and by meaning, best first.
import { useEffect, useRef, useState } from 'react'
import { api, unwrap } from '../../shared/api/client'
import type { SearchHit } from '../../shared/api/types'
import { useResource } from '../../shared/api/useResource'
import { ReaderLink } from '../../shared/reader'
import { navigate, usePlace } from '../../shared/router'
import { AlsoIn } from '../../shared/ui/AlsoIn'
import { Loading } from '../../shared/ui/Loading'
import { ProblemNote } from '../../shared/ui/ProblemNote'
import { useTitle } from '../../shared/useTitle'
import { count } from '../../shared/words'
import { snippetOf } from './snippet'
import './search.css'

const LIMIT = 20

export function SearchPage() {
  const query = usePlace().query.get('q') ?? ''
  useTitle(query === '' ? 'Search' : query)
  const { data, problem, retry } = useResource(query === '' ? null : query, (signal) => search(query, signal))
  return (
    <div className="page">
      <h1>Search</h1>
      <SearchForm key={query} query={query} />
      <p role="status" className="search-count">
        {data ? (data.length === 0 ? 'No passage matches.' : count(data.length, 'passage')) : ''}
      </p>
      {problem && <ProblemNote problem={problem} retry={retry} />}
      {query !== '' && !data && !problem && <Loading what="passages" />}
      {data && (
        <ol className="hits">
          {data.map((hit) => (
            <Hit key={hit.chunk_id} hit={hit} query={query} />
          ))}
        </ol>
      )}
    </div>
  )
}

function SearchForm({ query }: { query: string }) {
  const [text, setText] = useState(query)
  const box = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (query === '') box.current?.focus()
  }, [query])
  return (
    <form
      role="search"
      className="search-form"
      onSubmit={(event) => {
        event.preventDefault()
        if (text.trim() !== '') navigate(`/search?${new URLSearchParams({ q: text.trim() })}`)
      }}
    >
      <label htmlFor="search" className="unseen">
        Search the documents
      </label>
      <input
        id="search"
        type="search"
        ref={box}
        dir="auto"
        value={text}
        placeholder="Words or a question"
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="button button-main">
        Search
      </button>
    </form>
  )
}

function Hit({ hit, query }: { hit: SearchHit; query: string }) {
  const { document_id, version, start, end, title, uri, page } = hit
  return (
    <li className="hit">
      <ReaderLink target={{ documentId: document_id, version, start, end }} className="hit-title" dir="auto">
        {title}
        {page != null && <span className="page-number"> p. {page}</span>}
      </ReaderLink>
      <p className="uri">{uri}</p>
      <p className="hit-text" dir="auto">
        {snippetOf(hit.text, query).map(({ text, hit }, index) => (hit ? <b key={index}>{text}</b> : text))}
      </p>
      <AlsoIn documents={hit.also_in} />
    </li>
  )
}

async function search(q: string, signal: AbortSignal): Promise<SearchHit[]> {
  const { hits } = await unwrap(
    api.GET('/api/v1/search', { params: { query: { q, leg: 'hybrid', limit: LIMIT } }, signal }),
  )
  return hits
}
