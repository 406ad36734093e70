// One file to a push source. By XMLHttpRequest, because fetch does not tell how much has been sent.
import { refuse } from '../../shared/api/client'
import type { PushResult } from '../../shared/api/types'

/** Sends the file under its name; `onProgress` hears shares from 0 to 1. */
export function send(source: string, file: File, onProgress: (share: number) => void): Promise<PushResult> {
  const form = new FormData()
  form.append('file', file, file.webkitRelativePath || file.name)
  return new Promise<PushResult>((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', `/api/v1/sources/${encodeURIComponent(source)}/documents`)
    request.responseType = 'text'
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 1)
    request.onerror = () => reject(new TypeError('the connection failed'))
    request.onload = () => {
      try {
        const body = bodyOf(request.responseText)
        if (request.status !== 200) refuse(body, new Response(null, { status: request.status }))
        const [result] = (body as { documents: PushResult[] }).documents
        if (!result) throw new TypeError('the server told nothing of the file')
        resolve(result)
      } catch (error) {
        reject(error instanceof Error ? error : new TypeError('the answer was not understood'))
      }
    }
    request.send(form)
  })
}

function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
