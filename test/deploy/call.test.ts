import { inNetwork } from './in-network.js'

await inNetwork('call.ts', 'a call through the shipped Caddy and coturn', ['caddy', 'turnserver', 'ip'])
