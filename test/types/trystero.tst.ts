import type { JoinRoom, Room } from '@trystero-p2p/core'
import { createSecret, joinRoom, selfId, type SignalboxRoomConfig } from 'signalbox-client/trystero'
import { describe, expect, test } from 'tstyche'

describe('joinRoom', () => {
  const relayConfig = { urls: ['https://example.org'] }

  test('is the one of Trystero, with servers', () => {
    expect(joinRoom).type.toBe<JoinRoom<SignalboxRoomConfig>>()
    expect(joinRoom({ appId: createSecret(), relayConfig }, 'lobby', { onJoinError: () => {} })).type.toBe<Room>()
    expect(joinRoom).type.toBeCallableWith({ appId: 'a', password: 'b', turnConfig: [], relayConfig: { ...relayConfig, headers: () => ({}) } }, 'lobby')
    expect(joinRoom).type.not.toBeCallableWith({ appId: 'a' }, 'lobby')
    expect(joinRoom).type.not.toBeCallableWith({ appId: 'a', relayConfig: {} }, 'lobby')
    expect(selfId).type.toBe<string>()
  })
})
