// The standalone server, with its limits out of the way.
import { readFileSync } from 'node:fs'
import { startProgram } from '../lib.js'
import { openStream, plain, send } from './work.js'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

const FLAGS = ['--rate-limit', 'off', '--max-messages', '1000000', '--max-box-bytes', '1000000000', '--max-store-bytes', '4000000000']

function contender (kind, durability) {
  return {
    name: `signalbox, ${kind}`,
    durability,
    find: () => ({ version, configuration: `\`signalbox --store ${kind === 'LMDB' ? 'lmdb:DIRECTORY' : 'memory:'} ${FLAGS.join(' ')} --log-level silent\`` }),
    async start (dir) {
      const { url, pid, stop } = await startProgram(dir, FLAGS, kind === 'LMDB' ? `lmdb:${dir}` : 'memory:')
      return {
        url,
        pids: [pid],
        stop,
        channel: async () => JSON.parse(await send(url, { method: 'POST', path: '/boxes' })).data,
        create: { method: 'POST', path: '/boxes' },
        store: box => ({ method: 'POST', path: `/boxes/${box}/messages`, ...plain }),
        read: box => ({ method: 'GET', path: `/boxes/${box}/messages` }),
        drain: box => ({ method: 'DELETE', path: `/boxes/${box}/messages` }),
        subscribe: (box, onMessage) => openStream(`${url}/boxes/${box}/messages`, onMessage)
      }
    }
  }
}

export const signalboxMemory = contender('memory', 'memory')
export const signalboxLmdb = contender('LMDB', 'flushed to disk')
