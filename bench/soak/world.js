// What all clients share: the server, the end of the run, and what they have seen.
import http from 'node:http'
import { text } from 'node:stream/consumers'
import { sleep } from '../lib.js'

/** Which part of the requests the server may refuse as too far behind: after a pause, or on a machine that is busy. */
const BEHIND = 0.01
/** How long any response may take, in ms. A long-poll takes up to 10 s, and a pause or a restart on a busy machine some. */
const PATIENCE = 60_000

/** A client gives up what it was doing; the reason has been noted. */
export class Wrong extends Error {}

export class World {
  /** what has happened, by name */
  counts = {}
  /** what must not happen, with how often */
  wrongs = new Map()
  #agent = new http.Agent({ keepAlive: true, maxSockets: 100 })

  /**
   * @param {import('./server.js').Server} server
   * @param {number} end of the load, in ms of `performance.now()`
   */
  constructor (server, end) {
    this.server = server
    this.end = end
  }

  get over () {
    return performance.now() >= this.end
  }

  count (name, by = 1) {
    this.counts[name] = (this.counts[name] ?? 0) + by
  }

  /** Notes what must not happen. */
  wrong (what) {
    if (!this.wrongs.has(what)) console.error(`WRONG: ${what}`)
    this.wrongs.set(what, (this.wrongs.get(what) ?? 0) + 1)
  }

  check (holds, what) {
    if (holds) return
    this.wrong(what)
    throw new Wrong(what)
  }

  /** Judges the whole run, after its end. */
  conclude () {
    const { requests = 0, 'refused as full': full, 'refused while behind': behind = 0 } = this.counts
    if (full === undefined) this.wrong('the store was never full')
    if (behind > BEHIND * requests) this.wrong('the server was behind too often')
  }

  /** Waits for a random time, in ms. */
  async pause (least, most) {
    await sleep(Math.min(least + Math.random() * (most - least), Math.max(0, this.end - performance.now())))
  }

  /** Lets a client do its round again and again until the end. */
  async repeat (round) {
    while (!this.over) {
      try {
        await round()
      } catch (error) {
        if (!(error instanceof Wrong)) this.wrong(`a client failed: ${error.stack}`)
        await this.pause(500, 1_000)
      }
    }
  }

  /**
   * Sends a request, again and again if the server is away, so it must be one that can be repeated.
   * @param {string[]} or codes of errors that are an answer, too
   * @returns {Promise<any>} the JSON of the response, its `status`, and whether the request was sent more than once
   */
  async ask (method, path, { body, type = 'application/json', key, or = [] } = {}) {
    const headers = { ...body !== undefined && { 'content-type': type }, ...key !== undefined && { 'idempotency-key': key } }
    for (let repeated = false; ; repeated = true) {
      const response = await this.open(method, path, { headers, body })
      const content = response && await this.whole(response)
      if (content === undefined) {
        await sleep(100)
        continue
      }
      this.count('requests')
      const { statusCode: status } = response
      const answer = content === '' ? {} : JSON.parse(content)
      const { code } = answer
      if (status < 300) return { ...answer, status, repeated }
      if (code === 'BOX_ERR_BUSY') {
        this.count('refused while behind')
        await sleep(500)
        continue
      }
      if (code === 'BOX_ERR_STORE_FULL') this.count('refused as full')
      this.check(or.includes(code), `${method} was answered ${status} ${code}`)
      return { ...answer, status, repeated }
    }
  }

  /** Opens a response. @returns undefined if the server was away */
  async open (method, path, { headers = {}, body, agent = this.#agent } = {}) {
    const began = performance.now()
    const request = http.request(this.server.url + path, { method, agent, headers: { ...headers, ...body !== undefined && { 'content-length': Buffer.byteLength(body) } } })
    return await new Promise(resolve => {
      request.setTimeout(PATIENCE, () => { request.destroy(new Error(`no answer in ${PATIENCE / 1000} s`)) })
      request.on('error', error => {
        // The server may close an idle connection at the moment at which it is used again.
        if (!request.reusedSocket) this.excuse(began, `a ${method} failed: ${error.message}`)
        resolve(undefined)
      })
      request.on('response', response => {
        response.began = began
        resolve(response)
      })
      request.end(body)
    })
  }

  /** @returns the body; undefined if the server went away in the middle */
  async whole (response) {
    try {
      return await text(response)
    } catch (error) {
      this.excuse(response.began, `a response was cut: ${error.message}`)
      return undefined
    }
  }

  /** What fails only because the server is not there is right. */
  excuse (began, what) {
    if (this.server.wasDownSince(began)) this.count('cut by a kill')
    else this.wrong(what)
  }

  /** @returns a new box with its paths; undefined if the store is full */
  async create (ttl) {
    const { code, data, drop } = await this.ask('POST', '/boxes', { body: JSON.stringify({ ttl }), or: ['BOX_ERR_STORE_FULL'] })
    if (code !== undefined) return undefined
    this.count('boxes')
    return { id: data, url: `/boxes/${data}`, messages: `/boxes/${data}/messages`, drop: `/boxes/${drop}/messages` }
  }
}
