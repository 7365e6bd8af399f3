import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryDirectory } from './server-process.js'

const run = promisify(execFile)

/** A new certificate for localhost that nobody has signed, and its key, as files in PEM. Needs openssl. */
export async function certificate (t: { teardown: (end: () => unknown) => void }): Promise<{ cert: string, key: string }> {
  const directory = await temporaryDirectory(t)
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', cert])
  return { cert, key }
}
