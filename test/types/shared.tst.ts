import { Box } from 'signalbox-client'
import { shareStreams, type Connection, type SharingOptions } from 'signalbox-client/shared'
import { describe, expect, test } from 'tstyche'

describe('shareStreams', () => {
  test('makes a connection for boxes', () => {
    expect(shareStreams()).type.toBe<Connection>()
    expect(shareStreams().sharesTabs).type.toBe<boolean>()
    expect(shareStreams).type.toBeCallableWith({ tabs: false })
    expect(shareStreams).type.not.toBeCallableWith(true)
    expect<{ tabs: undefined }>().type.toBeAssignableTo<SharingOptions>()
    expect(Box.open).type.toBeCallableWith('https://example.org', { connection: shareStreams() })
    expect(Box.create).type.toBeCallableWith('https://example.org', { connection: undefined })
  })

  test('is called first', () => {
    expect(Box.open).type.not.toBeCallableWith('https://example.org', { connection: shareStreams })
    expect(Box.open).type.not.toBeCallableWith('https://example.org', { connection: {} })
  })
})
