// Contenders written in Go, built from their modules.
import { createHmac } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../lib.js'
import { json, openStream, plain, text } from './work.js'
import { goProgram, start } from './processes.js'

const HISTORY = 1000

const mercureProgram = () => goProgram({ module: 'github.com/dunglas/mercure', path: '/cmd/mercure', version: 'v0.18.0', name: 'mercure' })

function mercure (kind, durability) {
  const key = 'a key of the bench that is long enough for HMAC'
  return {
    name: `Mercure, ${kind}`,
    durability,
    find () {
      mercureProgram()
      return { version: 'v0.18.0 (`cmd/mercure`)', configuration: `${kind === 'bolt' ? 'Bolt transport, history without a bound' : 'local transport, no history'}, anonymous subscribers, publishers with a JWT, its access log, which cannot be turned off, to /dev/null` }
    },
    async start (dir) {
      const port = await freePort()
      const { url, pid, stop } = await start(mercureProgram(), ['--addr', `127.0.0.1:${port}`, '--jwt-key', key, '--allow-anonymous', '--write-timeout', '0s',
        '--transport-url', kind === 'bolt' ? `bolt://${dir}/updates.db` : 'local://local'], port, { logs: true })
      const headers = { authorization: `Bearer ${token(key)}`, 'content-type': 'application/x-www-form-urlencoded' }
      let topics = 0
      return {
        url,
        pids: [pid],
        stop,
        channel: async () => `t${topics++}`,
        store: topic => ({ method: 'POST', path: '/.well-known/mercure', headers, body: `topic=${topic}&data=${text}` }),
        subscribe: (topic, onMessage) => openStream(`${url}/.well-known/mercure?topic=${topic}`, onMessage)
      }
    }
  }
}

function token (key) {
  const part = value => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ mercure: { publish: ['*'] } })}`
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
}

export const mercureLocal = mercure('local', 'not kept')
export const mercureBolt = mercure('bolt', 'flushed to disk')

const centrifugoProgram = () => goProgram({ module: 'github.com/centrifugal/centrifugo/v6', version: 'v6.9.1', name: 'centrifugo' })

export const centrifugo = {
  name: 'Centrifugo',
  durability: 'memory',
  find () {
    centrifugoProgram()
    return { version: 'v6.9.1', configuration: `memory engine, ${HISTORY} messages kept per channel for 300 s, anonymous clients, streams by \`uni_sse\`, no log` }
  },
  async start (dir) {
    const port = await freePort()
    const config = join(dir, 'config.json')
    await writeFile(config, JSON.stringify({
      log: { level: 'none' },
      http_server: { address: '127.0.0.1', port },
      http_api: { key: 'bench' },
      client: { insecure: true, allowed_origins: [] },
      channel: { without_namespace: { history_size: HISTORY, history_ttl: '300s' } },
      uni_sse: { enabled: true }
    }))
    const { url, pid, stop } = await start(centrifugoProgram(), ['--config', config], port)
    const api = (method, body) => ({ method: 'POST', path: `/api/${method}`, headers: { ...json().headers, 'x-api-key': 'bench' }, body: JSON.stringify(body) })
    let channels = 0
    return {
      url,
      pids: [pid],
      stop,
      channel: async () => `c${channels++}`,
      store: channel => api('publish', { channel, data: text }),
      read: channel => api('history', { channel, limit: 100 }),
      subscribe: (channel, onMessage) => openStream(`${url}/connection/uni_sse?cf_connect=${encodeURIComponent(JSON.stringify({ subs: { [channel]: {} } }))}`, onMessage)
    }
  }
}

const ntfyProgram = () => goProgram({ module: 'heckel.io/ntfy/v2', version: 'v2.11.0', name: 'ntfy' })

function ntfy (kind, durability) {
  return {
    name: `ntfy, ${kind}`,
    durability,
    find () {
      ntfyProgram()
      return { version: 'v2.11.0', configuration: `messages kept in ${kind}, limits per visitor out of the way` }
    },
    async start (dir) {
      const port = await freePort()
      const config = join(dir, 'server.yml')
      await writeFile(config, `
listen-http: "127.0.0.1:${port}"
web-root: disable
log-level: error
global-topic-limit: 100000
visitor-subscription-limit: 100000
visitor-request-limit-exempt-hosts: "127.0.0.1"
${kind === 'SQLite' ? `cache-file: "${dir}/cache.db"` : ''}
`)
      const { url, pid, stop } = await start(ntfyProgram(), ['serve', '--config', config], port)
      let topics = 0
      return {
        url,
        pids: [pid],
        stop,
        channel: async () => `t${topics++}`,
        store: topic => ({ method: 'POST', path: `/${topic}`, ...plain }),
        read: topic => ({ method: 'GET', path: `/${topic}/json?poll=1` }),
        subscribe: (topic, onMessage) => openStream(`${url}/${topic}/sse`, onMessage)
      }
    }
  }
}

/** Not built where this was written: the proxy refused the module. */
export const ntfyMemory = ntfy('memory', 'memory')
export const ntfySqlite = ntfy('SQLite', 'written to disk')
