// Names every export of the package, as somebody who has just installed it would.
import type { Server } from 'node:http'
import Fastify from 'fastify'
import defaultPlugin, {
  boxPlugin, lmdbStore, memoryStore, redisStore,
  type Appended, type BoxPluginOptions, type IceOptions, type Limits, type NewMessage, type Page, type RateLimitOptions,
  type SharedCounter, type Store, type Unsubscribe
} from 'fastify-signalbox'
import {
  Box, BoxError, createBoxClient,
  type BoxClient, type BoxErrorCode, type BoxOptions, type CallOptions, type Message, type Query,
  type components, type operations, type paths
} from 'signalbox-client'
import { Room, type RoomOptions } from 'signalbox-client/room'
import {
  CallError, connect, host, join, listen, signalThrough,
  type Call, type CallErrorCode, type Channel, type ConnectionOptions, type ConnectOptions, type HostedCall, type HostOptions,
  type JoinOptions, type Listener, type ListenOptions, type Peer, type Resume, type SignalingPeer
} from 'signalbox-client/webrtc'

const rateLimit: RateLimitOptions = { creates: 10, stores: undefined }
const ice: IceOptions = { urls: ['stun:stun.example.org'] }
const options: BoxPluginOptions = { ttl: 600, maxTtl: undefined, classicPath: false, cors: ['https://app.example'], rateLimit, ice }

export async function serve (): Promise<Server> {
  const app = Fastify()
  const stores: Store[] = [memoryStore(), await lmdbStore({ path: 'boxes' }), await redisStore({ url: 'redis://localhost' })]
  for (const store of stores) await app.register(boxPlugin, { ...options, store, prefix: `/${store.name}` })
  app.register(defaultPlugin, { prefix: '/more' })
  // @ts-expect-error: what is no option is no option for the compiler either
  app.register(boxPlugin, { tll: 1 })
  return app.server
}

export async function talk (fetching: BoxOptions, call: CallOptions): Promise<void> {
  const box = await Box.create('https://example.org', { ...fetching, ttl: 60 })
  try {
    await box.send({ type: 'offer' }, call)
    for await (const message of box) console.log(message)
  } catch (error) {
    if (!(error instanceof BoxError)) throw error
    // A host's own codes are possible beside ours.
    const full: BoxErrorCode = 'BOX_ERR_FULL'
    console.log(error.code === full, error.code === 'NO_LOGIN')
  }
  const client: BoxClient = createBoxClient('https://example.org')
  const { data, error } = await client.POST('/boxes', { body: { ttl: 600 } })
  const answer: components['schemas']['Created'] | undefined = data
  console.log(answer?.drop, error?.code)
}

export async function meet (options: RoomOptions): Promise<void> {
  const room = await Room.join('https://example.org', { ...options, secret: Room.createSecret(), keep: undefined })
  await room.send('hello')
  for await (const { seq, data } of room.messages()) console.log(seq, data)
  await room.leave()
}

export async function call (hosting: HostOptions, joining: JoinOptions): Promise<void> {
  const hosted: HostedCall = await host(hosting)
  const joined: Call = await join(hosted.invite, joining)
  for await (const peer of joined.peers) greet(peer)
}

export async function signal (peer: SignalingPeer, listening: ListenOptions, connecting: ConnectOptions): Promise<CallErrorCode | undefined> {
  const listener: Listener = await listen(listening)
  const channel: Channel = await connect(listener.invite, connecting)
  try {
    signalThrough(peer, channel)
  } catch (error) {
    if (error instanceof CallError) return error.code
  }
  return undefined
}

function greet (peer: Peer): void {
  peer.channel.send('hello')
}

export type { Appended, ConnectionOptions, Limits, Message, NewMessage, Page, Query, Resume, SharedCounter, Unsubscribe, operations, paths }
