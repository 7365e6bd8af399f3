import type { Test } from 'tap'
import { Gathered } from '../../webrtc/node-peers.js'
import { nodeProgram } from './node-program.js'
import { commands, start, type Program } from './programs.js'

/** Every implementation of the call protocol that is no page, by its language. */
export const libraries: Record<string, (t: Test) => Program> = {
  typescript: () => nodeProgram({ RTCPeerConnection: Gathered }),
  ...Object.fromEntries(Object.entries(commands).map(([language, command]) => [language, (t: Test) => start(t, command)]))
}
