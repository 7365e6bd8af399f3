// What all contenders are given to do: the same text, and requests that differ only as their APIs do.
import { Agent, request as httpRequest } from 'node:http'

/** Nothing else in a stream looks like this, so that its occurrences are the messages that arrived. */
const MARK = 'signalbox-bench-'

/** A text of 1,000 characters that needs no escaping in a URL, a form or JSON. */
export const text = `${MARK}${'0123456789abcdefghijklmnopqrstuvwxyz'.repeat(28)}`.slice(0, 1000)

export const json = value => ({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) })

export const plain = { headers: { 'content-type': 'text/plain' }, body: text }

/** The bytes of a request, for the load generator. */
export function encode ({ method, path, headers = {}, body = '' }) {
  const lines = Object.entries(method === 'GET' ? headers : { ...headers, 'content-length': body.length })
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`)
}

const agent = new Agent({ keepAlive: true })

/** @returns the body of the response @throws Error if the request is refused */
export function send (url, { method, path, headers = {}, body = '' }) {
  return new Promise((resolve, reject) => {
    const call = httpRequest(`${url}${path}`, { method, agent, headers: method === 'GET' ? headers : { ...headers, 'content-length': body.length } }, answer => {
      let received = ''
      answer.setEncoding('latin1')
      answer.on('data', chunk => { received += chunk })
      answer.on('end', () => { answer.statusCode < 300 ? resolve(received) : reject(new Error(`${method} ${path.slice(0, 80)} was answered ${answer.statusCode}: ${received}`)) })
    })
    call.on('error', reject)
    call.end(body)
  })
}

/** Opens an event stream, and calls `onMessage` for each message. @returns what closes it */
export function openStream (url, onMessage) {
  return new Promise((resolve, reject) => {
    const call = httpRequest(url, { agent: false, headers: { accept: 'text/event-stream' } }, answer => {
      if (answer.statusCode !== 200) return reject(new Error(`${url} was answered ${answer.statusCode}`))
      let rest = ''
      answer.setEncoding('latin1')
      answer.on('data', chunk => {
        const parts = (rest + chunk).split(MARK)
        // A mark may arrive in two pieces.
        rest = parts.at(-1).slice(1 - MARK.length)
        for (let i = 1; i < parts.length; i++) onMessage()
      })
      answer.on('error', () => {})
      resolve(() => { call.destroy() })
    })
    call.on('error', reject)
    call.end()
  })
}
