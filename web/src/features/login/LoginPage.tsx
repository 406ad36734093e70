// E-mail and password; password managers find both.
import { useState, type ChangeEvent } from 'react'
import { api, unwrap } from '../../shared/api/client'
import { problemOf, type Problem } from '../../shared/api/problem'
import type { User } from '../../shared/api/types'
import { Wordmark } from '../../shared/ui/Wordmark'
import { useTitle } from '../../shared/useTitle'
import './login.css'

type Props = { notice: string; onLogin: (user: User) => void }

export function LoginPage({ notice, onLogin }: Props) {
  useTitle('Log in')
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)

  async function logIn() {
    setBusy(true)
    setProblem(null)
    try {
      const { user } = await unwrap(api.POST('/api/v1/login', { body: { email, password } }))
      onLogin(user)
    } catch (error) {
      setProblem(problemOf(error))
      setBusy(false)
    }
  }

  const field = (set: (value: string) => void) => (event: ChangeEvent<HTMLInputElement>) => set(event.target.value)
  return (
    <main className="login">
      <form
        className="login-form"
        onSubmit={(event) => {
          event.preventDefault()
          void logIn()
        }}
      >
        <h1 className="login-title">
          <Wordmark />
        </h1>
        <p className="login-promise">Answers from your company’s own documents, every sentence proved.</p>
        {notice && !problem && <p className="notice">{notice}</p>}
        {problem && (
          <p className="login-problem" role="alert" id="login-problem">
            {problem.title}. {problem.detail}
          </p>
        )}
        <label htmlFor="email">E-mail</label>
        <input
          id="email"
          name="email"
          type="email"
          autoComplete="username"
          required
          value={email}
          onChange={field(setEmail)}
          aria-describedby={problem ? 'login-problem' : undefined}
        />
        <label htmlFor="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={field(setPassword)}
          aria-invalid={problem?.code === 'bad-credentials' || undefined}
          aria-describedby={problem ? 'login-problem' : undefined}
        />
        <button type="submit" className="button button-main" disabled={busy}>
          {busy ? 'Logging in…' : 'Log in'}
        </button>
      </form>
    </main>
  )
}
