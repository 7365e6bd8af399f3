import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../helpers/consumer.js'
import { freePort } from '../helpers/redis-server.js'

/** Where the files of deploy/ are tried: on a machine of their own, or beside everything else on this one. */
export interface Place {
  /** the directory of the files */
  deploy: string
  domain: string
  /** addresses of people; the first is the domain's */
  clients: [string, string]
  ports: { https: number, upstream: number, turns: number }
  /** of the network of the server's container */
  container: { gateway: string, address: string, port: number }
  /** whether the files are used exactly as they are */
  own: boolean
  /** what the compose file says, for this place */
  here (environment: Record<string, string>): Record<string, string>
}

/** The domain and the addresses of network.sh. It is not a public domain, so Caddy is its own authority. */
export const network = {
  domain: 'signalbox.local',
  clients: ['203.0.113.10', '203.0.113.11'],
  gateway: '172.18.0.1',
  container: '172.18.0.2'
} as const

/** What network.sh provides. */
export function ownNetwork (): Place {
  return {
    deploy: join(root, 'deploy'),
    domain: network.domain,
    clients: [...network.clients],
    ports: { https: 443, upstream: 8080, turns: 5349 },
    container: { gateway: network.gateway, address: network.container, port: 8080 },
    own: true,
    here: environment => environment
  }
}

/** For a user who may not make a network: the same files, on free ports, and relaying to loopback. */
export async function loopback (directory: string): Promise<Place> {
  const deploy = join(directory, 'deploy')
  const [http, https, upstream, server, turn, turns] = await Promise.all(Array.from({ length: 6 }, freePort)) as [number, number, number, number, number, number]
  const copy = async (name: string, change: (text: string) => string): Promise<void> => {
    await writeFile(join(deploy, name), change(await readFile(join(root, 'deploy', name), 'utf8')))
  }
  await mkdir(deploy)
  await copy('Caddyfile', text => text.replace('admin off', `admin off\n\tskip_install_trust\n\thttp_port ${http}\n\thttps_port ${https}`).replaceAll('127.0.0.1:8080', `127.0.0.1:${upstream}`))
  await copy('turnserver.conf', text => text
    .replace('listening-port=3478', `listening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nallow-loopback-peers\nlistening-port=${turn}`)
    .replace('tls-listening-port=5349', `tls-listening-port=${turns}`)
    .replace('denied-peer-ip=127.0.0.0-127.255.255.255\n', ''))
  await copyFile(join(root, 'deploy/turnserver.sh'), join(deploy, 'turnserver.sh'))
  return {
    deploy,
    domain: 'localhost',
    clients: ['127.0.0.1', '127.0.0.1'],
    ports: { https, upstream, turns },
    container: { gateway: '127.0.0.1', address: '127.0.0.1', port: server },
    own: false,
    here: environment => Object.fromEntries(Object.entries(environment).map(([name, value]) =>
      [name, name === 'TRUST_PROXY' ? '127.0.0.1' : value.replaceAll(':3478', `:${turn}`).replaceAll(':5349', `:${turns}`)]))
  }
}
