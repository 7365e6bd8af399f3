import { joinRoom, type SignalboxRoomConfig } from '../../clients/typescript/src/trystero/index.js'

/** What the pages of the Trystero test have, as globals. */
const globals = {
  /** the peers that this page sees now */
  seen: new Set<string>(),
  heard: [] as string[],
  say: (_text: string): Promise<void> => Promise.reject(new Error('not in a room')),
  leave: (): Promise<void> => Promise.reject(new Error('not in a room')),

  enter (config: SignalboxRoomConfig): void {
    const room = joinRoom(config, 'lobby', {
      // Trystero 0.25.4 can lose the first message of a connection. Then only the other side sees this page.
      onJoinError ({ error }) {
        if (!error.includes('handshake timed out')) return
        globals.seen.clear()
        void room.leave().then(() => { globals.enter(config) })
      }
    })
    room.onPeerJoin = id => { globals.seen.add(id) }
    room.onPeerLeave = id => { globals.seen.delete(id) }
    const chat = room.makeAction<string>('chat', { onMessage: text => { globals.heard.push(text) } })
    window.say = text => chat.send(text)
    window.leave = () => room.leave()
  }
}

declare global {
  interface Window {
    seen: Set<string>
    heard: string[]
    say: (text: string) => Promise<void>
    leave: () => Promise<void>
    enter: (config: SignalboxRoomConfig) => void
  }
}

Object.assign(globalThis, globals)
