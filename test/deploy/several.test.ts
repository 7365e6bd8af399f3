import { inNetwork } from './in-network.js'

await inNetwork('several.ts', 'the shipped deployment with several servers', ['caddy', 'turnserver', 'ip', 'redis-server'])
