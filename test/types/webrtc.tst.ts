import {
  CallError, host, join,
  type Call, type CallErrorCode, type HostedCall, type HostOptions, type JoinOptions, type Peer, type Resume
} from 'signalbox-client/webrtc'
import { describe, expect, test } from 'tstyche'

describe('host', () => {
  test('needs only a server', () => {
    expect(host).type.toBeCallableWith({ server: 'https://example.org' })
    expect(host).type.not.toBeCallableWith({})
    expect(host).type.not.toBeCallableWith()
    expect(host({ server: '' })).type.toBe<Promise<HostedCall>>()
  })

  test('has these options and no others', () => {
    expect<keyof HostOptions>().type.toBe<
      'server' | 'page' | 'resume' | 'maxGuests' | 'refused' | 'save' | 'fetch' | 'headers' | 'maxResponseBytes' | 'prepare' | 'keepMessages' | 'iceServers' | 'configuration' |
      'RTCPeerConnection' | 'timeout' | 'compare' | 'mesh' | 'signal'
    >()
    expect<HostOptions['save']>().type.toBe<((resume: Resume) => void) | undefined>()
  })

  test('returns a call with an invite', () => {
    expect<HostedCall>().type.toBeAssignableTo<Call>()
    expect<HostedCall['invite']>().type.toBe<string>()
    expect<HostedCall['resume']>().type.toBe<Resume>()
  })
})

describe('join', () => {
  test('needs only an invite', () => {
    expect(join).type.toBeCallableWith('https://example.org/#…')
    expect(join).type.toBeCallableWith(new URL('https://example.org'), { server: 'https://example.org', compare: false })
    expect(join).type.not.toBeCallableWith()
    expect(join).type.not.toBeCallableWith('https://example.org/#…', { maxGuests: 1 })
    expect(join).type.toBeCallableWith('https://example.org/#…', { mesh: true })
    expect(join('')).type.toBe<Promise<Call>>()
  })

  test('has these options and no others', () => {
    expect<keyof JoinOptions>().type.toBe<
      'server' | 'refused' | 'fetch' | 'headers' | 'maxResponseBytes' | 'prepare' | 'keepMessages' | 'iceServers' | 'configuration' | 'RTCPeerConnection' | 'timeout' | 'compare' | 'mesh' |
      'signal'
    >()
  })
})

describe('Call', () => {
  test('a loop yields peers', () => {
    expect<Call['peers']>().type.toBe<AsyncIterable<Peer>>()
    expect<Call['id']>().type.toBe<string>()
    expect<Call['close']>().type.toBe<() => Promise<void>>()
  })

  test('a peer is a connection, its data channel and the code to compare', () => {
    expect<Peer['connection']>().type.toBe<RTCPeerConnection>()
    expect<Peer['channel']>().type.toBe<RTCDataChannel>()
    expect<Peer['id']>().type.toBe<string>()
    expect<Peer['code']>().type.toBe<string>()
    expect<Peer['closed']>().type.toBe<Promise<Error | undefined>>()
    expect<Peer['close']>().type.toBe<(reason?: CallError) => Promise<void>>()
  })

  test('an error has a code', () => {
    expect<CallError['code']>().type.toBe<CallErrorCode>()
    expect<'CALL_ERR_CODE'>().type.not.toBeAssignableTo<CallErrorCode>()
    expect<'CALL_ERR_LOST'>().type.toBeAssignableTo<CallErrorCode>()
  })
})
