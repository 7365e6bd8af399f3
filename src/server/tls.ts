import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { unwatchFile, watchFile } from 'node:fs'
import type { Http2SecureServer, SecureServerOptions } from 'node:http2'
import type { FastifyInstance } from 'fastify'
import { OnlyWebSockets } from './upgrades.js'

/** Where the certificate and its private key are. */
export interface TlsFiles {
  /** the certificate, followed by those that lead to the authority's, in PEM */
  cert: string
  /** its private key, in PEM and without a passphrase */
  key: string
}

interface Identity {
  cert: Buffer
  key: Buffer
  /** until when the certificate is valid */
  expires: Date
}

/** How long a client may take for the TLS handshake, in ms. */
const HANDSHAKE_TIMEOUT = 10_000

/** How many requests may be open at a time on a connection over HTTP/2: several times what one page keeps open. */
const MAX_STREAMS = 100

/** How often the files are looked at, in ms. */
const LOOK_EVERY = 5_000

/** @throws Error whose message says which file to change, and how */
export async function readIdentity ({ cert, key }: TlsFiles): Promise<Identity> {
  const [chain, secret] = await Promise.all([readPem('--tls-cert', cert), readPem('--tls-key', key)])
  const certificate = parse(() => new X509Certificate(chain), `--tls-cert expected a certificate in PEM, received ${cert}`)
  const privateKey = parse(() => createPrivateKey(secret), `--tls-key expected a private key in PEM without a passphrase, received ${key}`)
  if (!certificate.checkPrivateKey(privateKey)) throw new Error(`--tls-key expected the key of the certificate in ${cert}, received ${key}`)
  return { cert: chain, key: secret, expires: new Date(certificate.validTo) }
}

/**
 * Fastify's options for HTTP/2 with HTTP/1.1 beside it. Its type for them makes another type of everything that
 * uses the server, so they pass for those of plain HTTP.
 * @param maxHeaderSize of a request, in bytes
 */
export function overTls ({ cert, key }: Identity, maxHeaderSize: number): { http?: null } {
  const https: SecureServerOptions = {
    cert,
    key,
    allowHTTP1: true,
    Http1IncomingMessage: OnlyWebSockets,
    handshakeTimeout: HANDSHAKE_TIMEOUT,
    settings: { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: maxHeaderSize }
  }
  return { http2: true, https } as object
}

/** Sets the limits on HTTP/1.1 that such a server takes from no options. Call it before the server listens. */
export function limitHttp1 (app: FastifyInstance, limits: object): void {
  Object.assign(app.server, limits)
}

async function readPem (flag: string, path: string): Promise<Buffer> {
  return await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${flag} expected a file that can be read, received ${path} (${error.code})`)
  })
}

function parse<T> (read: () => T, otherwise: string): T {
  try {
    return read()
  } catch (cause) {
    throw new Error(otherwise, { cause })
  }
}

/**
 * Uses what is in the files for new connections, from a few seconds after either has changed. While the two do not
 * fit, as when only one has been written so far, the server goes on with what it has.
 *
 * They are looked at by name: a renewed certificate often arrives as a new target of a symbolic link, of which
 * nothing else would tell.
 */
export function followTls (app: FastifyInstance, files: TlsFiles, lookEvery = LOOK_EVERY): void {
  const server = app.server as unknown as Http2SecureServer
  let reading = Promise.resolve()

  async function reload (): Promise<void> {
    try {
      const { cert, key, expires } = await readIdentity(files)
      server.setSecureContext({ cert, key })
      app.log.info({ expires }, 'The certificate was replaced')
    } catch (error) {
      app.log.error({ err: error }, 'The certificate or key has changed and cannot be used; the server keeps the one it has')
    }
  }
  const changed = (): void => { reading = reading.then(reload) }

  for (const path of [files.cert, files.key]) watchFile(path, { interval: lookEvery, persistent: false }, changed)
  app.addHook('onClose', async () => {
    for (const path of [files.cert, files.key]) unwatchFile(path, changed)
    await reading
  })
}
