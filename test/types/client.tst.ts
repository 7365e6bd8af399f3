import {
  Box, BoxError, createBoxClient,
  type BoxClient, type BoxErrorCode, type BoxOptions, type Message, type Page, type paths, type RequestHeaders
} from 'signalbox-client'
import { describe, expect, test } from 'tstyche'

declare const box: Box

describe('Box', () => {
  test('a loop yields the data; messages() also yields the numbers', () => {
    expect(box[Symbol.asyncIterator]()).type.toBe<AsyncGenerator<unknown, void>>()
    expect(box.messages()).type.toBe<AsyncGenerator<Message, void>>()
    expect<Message>().type.toBe<{ seq: number, data: unknown }>()
    expect(box.messages).type.toBeCallableWith({ after: 3, signal: AbortSignal.timeout(1) })
    expect(box.messages).type.not.toBeCallableWith({ wait: 3 })
  })

  test('is created on a server, and opened by a link', () => {
    expect(Box.create).type.toBeCallableWith('https://example.org', { ttl: 60 })
    expect(Box.create).type.not.toBeCallableWith()
    expect(Box.create('https://example.org')).type.toBe<Promise<Box>>()
    expect(Box.open).type.toBeCallableWith(new URL('https://example.org'), { server: 'https://example.org', headers: {} })
    expect(Box.open).type.not.toBeCallableWith('https://example.org', { ttl: 60 })
    expect(Box.open('https://example.org')).type.toBe<Box>()
  })

  test('sends, reads and acknowledges', () => {
    expect(box.send({ type: 'offer' })).type.toBe<Promise<{ seq: number, count: number }>>()
    expect(box.read({ after: 1, limit: 10, wait: 5 })).type.toBe<Promise<Page>>()
    expect(box.acknowledge(3)).type.toBe<Promise<number>>()
    expect(box.acknowledge).type.not.toBeCallableWith('3')
    expect(box.dropLink()).type.toBe<Promise<string>>()
  })

  test('headers are an object, or a function called for each request', () => {
    expect<{ Authorization: string }>().type.toBeAssignableTo<RequestHeaders>()
    expect<() => Promise<{ Authorization: string }>>().type.toBeAssignableTo<RequestHeaders>()
    expect<{ headers: RequestHeaders, fetch: typeof fetch }>().type.toBeAssignableTo<BoxOptions>()
  })
})

describe('BoxError', () => {
  test('has a code from the contract, or from another source', () => {
    expect<BoxErrorCode>().type.toBeAssignableTo<NonNullable<BoxError['code']>>()
    expect<string>().type.toBeAssignableTo<NonNullable<BoxError['code']>>()
    expect<'BOX_ERR_TYPO'>().type.not.toBeAssignableTo<BoxErrorCode>()
    expect<BoxError['status']>().type.toBe<number>()
  })
})

describe('createBoxClient', () => {
  const client = createBoxClient('https://example.org')

  test('returns a client for every path of the contract', () => {
    expect(client).type.toBe<BoxClient>()
    expect<keyof paths>().type.toBe<
      '/boxes' | '/boxes/{box}' | '/boxes/{box}/messages' | '/boxes/{box}/cursor' | '/boxes/{box}/ice-servers' | '/streams' | '/box.php'
    >()
  })

  test('knows the type of each response', async () => {
    const { data: created } = await client.POST('/boxes', { body: { ttl: 60 } })
    expect(created!.data).type.toBe<string>()
    expect(created!.drop).type.toBe<string>()
    const { data: page, error } = await client.GET('/boxes/{box}/messages', { params: { path: { box: 'box_…' }, query: { after: 1 } } })
    expect(page!.next).type.toBe<number>()
    expect(error!.code).type.toBeAssignableTo<string>()
  })

  test('accepts no path, parameter or body that is not in the contract', () => {
    // @ts-expect-error: no such path
    client.GET('/box')
    // @ts-expect-error: the path needs a box
    client.GET('/boxes/{box}/messages', { params: { path: {} } })
    // @ts-expect-error: a lifetime is a number
    client.POST('/boxes', { body: { ttl: '60' } })
  })
})
