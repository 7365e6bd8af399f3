import wrtc from '@roamhq/wrtc'
import type { Call } from '../../../clients/typescript/src/webrtc/host.js'
import { hostWith } from '../../../clients/typescript/src/webrtc/host.js'
import { joinWith } from '../../../clients/typescript/src/webrtc/join.js'
import { CallError } from '../../../clients/typescript/src/webrtc/errors.js'
import type { Peer } from '../../../clients/typescript/src/webrtc/peer.js'
import { node, withTimeouts } from '../../webrtc/node-peers.js'
import { Said, type Program } from './programs.js'

const codeOf = (error: unknown) => error === undefined ? null : error instanceof CallError ? error.code : String(error)

/** The TypeScript library in Node, as a program like the others. */
export function nodeProgram (options: { RTCPeerConnection?: typeof RTCPeerConnection } = {}): Program {
  const said = new Said()
  const calls = new Map<string, Call>()
  const peers = new Map<string, Peer>()
  const connections = { ...node, ...options }

  const follow = async (name: string, call: Call) => {
    calls.set(name, call)
    try {
      for await (const peer of call.peers) {
        peers.set(`${name} ${peer.id}`, peer)
        peer.channel.addEventListener('message', ({ data }) => { said.add({ event: 'data', name, peer: peer.id, text: String(data) }) })
        said.add({ event: 'peer', name, peer: peer.id, code: peer.code })
        void peer.closed.then(reason => { said.add({ event: 'closed', name, peer: peer.id, code: codeOf(reason) }) })
      }
      said.add({ event: 'end', name, code: null })
    } catch (error) {
      said.add({ event: 'end', name, code: codeOf(error) })
    }
  }

  const commands: Record<string, (args: any) => Promise<Record<string, unknown>>> = {
    async host ({ name, server, page, timings, ...rest }) {
      const refused = ({ code }: CallError) => { said.add({ event: 'refused', name, code }) }
      const call = await hostWith(withTimeouts(timings ?? {}), { server, ...(page && { page }), ...connections, refused, ...rest })
      void follow(name, call)
      return { invite: call.invite }
    },
    async join ({ name, invite, timings, ...rest }) {
      void follow(name, await joinWith(withTimeouts(timings ?? {}), invite, { ...connections, ...rest }))
      return {}
    },
    async send ({ name, peer, text }) {
      peers.get(`${name} ${peer}`)!.channel.send(text)
      return {}
    },
    async video ({ name, peer }) {
      const source = new wrtc.nonstandard.RTCVideoSource()
      const [width, height] = [320, 240]
      const data = new Uint8Array(width * height * 1.5)
      const timer = setInterval(() => { source.onFrame({ width, height, data: data.fill(Date.now() % 256) }) }, 100)
      const { connection, closed } = peers.get(`${name} ${peer}`)!
      void closed.then(() => { clearInterval(timer) })
      connection.addTrack(source.createTrack())
      return {}
    },
    async received ({ name, peer }) {
      const figures = { audio: 0, video: 0 }
      for (const report of (await peers.get(`${name} ${peer}`)!.connection.getStats()).values()) {
        if (report.type === 'inbound-rtp') figures[report.kind as 'audio' | 'video'] += report.packetsReceived
      }
      return figures
    },
    async drop ({ name, peer }) {
      await peers.get(`${name} ${peer}`)!.close()
      return {}
    },
    async close ({ name }) {
      await calls.get(name)!.close()
      return {}
    }
  }
  return {
    async call (call, args) {
      try {
        return await commands[call]!(args)
      } catch (error) {
        throw new Error(String(codeOf(error)))
      }
    },
    events: name => said.of(name),
    event: async (name, like) => await said.next(name, like)
  }
}
