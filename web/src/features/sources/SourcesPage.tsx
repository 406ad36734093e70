// For administrators: where documents come from, how far each source is, and sending files to one.
import { Loading } from '../../shared/ui/Loading'
import { ProblemNote } from '../../shared/ui/ProblemNote'
import { useTitle } from '../../shared/useTitle'
import { SourceCard } from './SourceCard'
import { useSources } from './useSources'
import './sources.css'

export function SourcesPage() {
  useTitle('Sources')
  const { sources, problem, refresh } = useSources()
  return (
    <div className="page">
      <h1>Sources</h1>
      {problem && <ProblemNote problem={problem} retry={refresh} />}
      {!sources && !problem && <Loading what="sources" />}
      {sources?.length === 0 && <NoSources />}
      {sources && sources.length > 0 && (
        <ul className="sources">
          {sources.map((source) => (
            <li key={source.id}>
              <SourceCard source={source} onChange={refresh} />
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function NoSources() {
  return (
    <div className="no-sources">
      <p>There are no sources yet. Add one where Footnote runs:</p>
      <pre>
        <code>footnote source add folder --path DIR --access public</code>
      </pre>
      <p>or one that files are sent to, from here or by a program:</p>
      <pre>
        <code>footnote source add push --name Handouts --access public</code>
      </pre>
      <p className="quiet">
        <code>footnote source kinds</code> lists every system that documents can come from.
      </p>
    </div>
  )
}
