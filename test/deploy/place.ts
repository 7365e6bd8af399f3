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
  ports: { https: number, turns: number }
  /** of the network of the containers */
  gateway: string
  /** of the servers, and the port of this machine that leads to each */
  containers: { address: string, port: number, published: number }[]
  valkey: { address: string, port: number }
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
  containers: ['172.18.0.2', '172.18.0.3'],
  valkey: '172.18.0.4'
} as const

/** What network.sh provides. */
export function ownNetwork (): Place {
  return {
    deploy: join(root, 'deploy'),
    domain: network.domain,
    clients: [...network.clients],
    ports: { https: 443, turns: 5349 },
    gateway: network.gateway,
    containers: network.containers.map((address, index) => ({ address, port: 8080, published: 8080 + index })),
    valkey: { address: network.valkey, port: 6379 },
    own: true,
    here: environment => replaced(environment, text => text.replace('//valkey:', `//${network.valkey}:`))
  }
}

/** For a user who may not make a network: the same files, on free ports, and relaying to loopback. */
export async function loopback (directory: string): Promise<Place> {
  const deploy = join(directory, 'deploy')
  const [http, https, turn, turns, valkey, first, second, published, other] = await Promise.all(Array.from({ length: 9 }, freePort)) as [number, number, number, number, number, number, number, number, number]
  const here = (text: string): string => text
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${published}`).replaceAll('127.0.0.1:8081', `127.0.0.1:${other}`)
    .replaceAll(':3478', `:${turn}`).replaceAll(':5349', `:${turns}`).replace('valkey:6379', `127.0.0.1:${valkey}`)
  const copy = async (name: string, change: (text: string) => string): Promise<void> => {
    await writeFile(join(deploy, name), change(await readFile(join(root, 'deploy', name), 'utf8')))
  }
  await mkdir(deploy)
  await copy('Caddyfile', text => here(text).replace('admin off', `admin off\n\tskip_install_trust\n\thttp_port ${http}\n\thttps_port ${https}`))
  await copy('turnserver.conf', text => text
    .replace('listening-port=3478', `listening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nallow-loopback-peers\nlistening-port=${turn}`)
    .replace('tls-listening-port=5349', `tls-listening-port=${turns}`)
    .replace('denied-peer-ip=127.0.0.0-127.255.255.255\n', ''))
  await copyFile(join(root, 'deploy/turnserver.sh'), join(deploy, 'turnserver.sh'))
  return {
    deploy,
    domain: 'localhost',
    clients: ['127.0.0.1', '127.0.0.1'],
    ports: { https, turns },
    gateway: '127.0.0.1',
    containers: [{ address: '127.0.0.1', port: first, published }, { address: '127.0.0.1', port: second, published: other }],
    valkey: { address: '127.0.0.1', port: valkey },
    own: false,
    here: ({ TRUST_PROXY: trusted, ...environment }) => ({ ...replaced(environment, here), ...(trusted !== undefined && { TRUST_PROXY: '127.0.0.1' }) })
  }
}

function replaced (environment: Record<string, string>, change: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, change(value)]))
}
