import type { Message } from 'signalbox-client'
import { Room, type RoomOptions } from 'signalbox-client/room'
import { describe, expect, test } from 'tstyche'

declare const room: Room

describe('Room', () => {
  test('is joined with a secret and a name', () => {
    expect(Room.createSecret()).type.toBe<string>()
    expect(Room.join('https://example.org', { secret: '…', name: 'chat' })).type.toBe<Promise<Room>>()
    expect(Room.join).type.toBeCallableWith(new URL('https://example.org'), { secret: '…', name: 'chat', keep: 30, ttl: 600, headers: {} })
    expect(Room.join).type.not.toBeCallableWith('https://example.org', { secret: '…' })
    expect(Room.join).type.not.toBeCallableWith('https://example.org', { name: 'chat' })
    expect<{ secret: string, name: string, keep: undefined }>().type.toBeAssignableTo<RoomOptions>()
  })

  test('a loop yields the data; messages() also yields the numbers', () => {
    expect(room[Symbol.asyncIterator]()).type.toBe<AsyncGenerator<unknown, void>>()
    expect(room.messages({ signal: AbortSignal.timeout(1) })).type.toBe<AsyncGenerator<Message, void>>()
    expect(room.messages).type.not.toBeCallableWith({ after: 3 })
  })

  test('sends, and is left by itself at the end of a block', () => {
    expect(room.send({ any: 'value' })).type.toBe<Promise<{ seq: number, count: number }>>()
    expect(room.leave()).type.toBe<Promise<void>>()
    expect<Room>().type.toBeAssignableTo<AsyncDisposable>()
  })
})
