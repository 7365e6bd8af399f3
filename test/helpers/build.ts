import Fastify, { type FastifyInstance, type FastifyServerOptions, type InjectOptions, type LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import type { Clock } from '../../src/box/clock.js'
import type { BoxPluginOptions } from '../../src/options.js'
import { createBoxPlugin, type Internals } from '../../src/plugin.js'
import { redisStore } from '../../src/store/redis/redis-store.js'

/** A clock that stands still until the test turns it, or until it is told to run. */
export class TestClock implements Clock {
  #time = Date.UTC(2026, 10, 22, 12)
  #since: number | undefined

  now (): number {
    return this.#time + (this.#since === undefined ? 0 : Date.now() - this.#since)
  }

  /** @param seconds how far; back where negative */
  turn (seconds: number): void {
    this.#time += seconds * 1000
  }

  /** From now on time passes, as the end of a wait needs it. */
  run (): void {
    this.#since ??= Date.now()
  }
}

export interface BuildOptions extends BoxPluginOptions, Omit<Internals, 'clock'> {
  prefix?: string
  /** of the Fastify server around the plugin */
  server?: FastifyServerOptions
  /** registers what the host has before the plugin */
  before?: (app: FastifyInstance) => unknown
  /** and after it */
  after?: (app: FastifyInstance) => unknown
}

export interface TestBox {
  id: string
  drop: string
  /** the path of the box */
  url: string
  /** the path of its messages */
  messages: string
  /** stores a JSON value, by the drop address as a guest would */
  store (value: unknown): Promise<LightMyRequestResponse>
  read (query?: string): Promise<LightMyRequestResponse>
}

/** With `SIGNALBOX_TEST_STORE`, the URL of a Redis, what does not need a store of its own runs on that. See test/store/redis-api.ts. */
let builds = 0
async function sharedStore ({ store, maxStoreBytes }: BoxPluginOptions) {
  const url = process.env['SIGNALBOX_TEST_STORE']
  if (url === undefined || store !== undefined || maxStoreBytes !== undefined) return {}
  return { store: await redisStore({ url, prefix: `${process.pid}-${++builds}:` }) }
}

/** An app with the plugin, without rate limits and docs where not asked for, closed at the end of the test. */
export async function build (t: Test, { prefix = '', server = {}, limits, bodyTimeout, before, after, ...options }: BuildOptions = {}) {
  const clock = new TestClock()
  const app = Fastify(server)
  t.teardown(() => app.close())
  await before?.(app)
  await app.register(createBoxPlugin({ clock, ...(limits && { limits }), ...(bodyTimeout && { bodyTimeout }) }), { rateLimit: false, docs: false, ...await sharedStore(options), ...options, prefix })
  await after?.(app)
  await app.ready()
  return { app, clock, createBox: (body?: object) => createBox(app, prefix, body) }
}

export async function createBox (app: FastifyInstance, prefix = '', body?: object): Promise<TestBox> {
  const answer = await app.inject({ method: 'POST', url: `${prefix}/boxes`, ...(body === undefined ? {} : { payload: body }) })
  if (answer.statusCode !== 201) throw new Error(`createBox answered ${answer.statusCode} ${answer.body}`)
  const { data: id, drop } = answer.json()
  const url = `${prefix}/boxes/${id}`
  const messages = `${url}/messages`
  return {
    id,
    drop,
    url,
    messages,
    store: value => app.inject({ ...json(value), method: 'POST', url: `${prefix}/boxes/${drop}/messages` }),
    read: (query = '') => app.inject({ url: messages + query })
  }
}

/** The body and header of a request with a JSON value. */
export function json (value: unknown): Pick<InjectOptions, 'headers' | 'payload'> {
  return jsonText(JSON.stringify(value))
}

/** The same with the text as it is to be sent. */
export function jsonText (payload: string | Buffer): Pick<InjectOptions, 'headers' | 'payload'> {
  return { headers: { 'content-type': 'application/json' }, payload }
}

/** Checks that an answer is a problem of RFC 9457 with this status and code, and nothing else. */
export function isProblem (t: Test, answer: LightMyRequestResponse, status: number, code: string): void {
  const type = new RegExp(`^(/[^/]+)*/problems/${code.slice('BOX_ERR_'.length).toLowerCase().replaceAll('_', '-')}$`)
  const { headers, statusCode, body } = answer
  t.match({ statusCode, contentType: headers['content-type'], problem: parsed(body) }, {
    statusCode: status,
    contentType: /^application\/problem\+json; charset=utf-8$/,
    problem: { type, title: /^\S/, status, detail: /\.$/, code }
  }, `${status} ${code}`)
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
