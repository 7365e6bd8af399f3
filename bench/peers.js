// The same message through others, side by side: nchan where it is installed, and the PeerJS server.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PeerServer } from 'peer'
import WebSocket from 'ws'
import { latencyToEvent, poster } from './delivery.js'
import { createBoxes, freePort, median, message, percentile, report, sleep, startServer, withTempDir } from './lib.js'

const MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so'
const SAMPLES = 1000

function show (name, times) {
  report(`store to stream, ${name}, p50 and p99`, `${median(times).toFixed(2)} ms, ${percentile(times, 0.99).toFixed(2)} ms`)
}

async function signalbox () {
  const server = await startServer('memory')
  const [box] = await createBoxes(server.url, 1)
  const url = `${server.url}/boxes/${box}/messages`
  show('signalbox', await latencyToEvent(url, poster(url), SAMPLES))
  await server.stop()
}

async function nchan (dir) {
  const port = await freePort()
  await mkdir(join(dir, 'logs'))
  const config = join(dir, 'nginx.conf')
  await writeFile(config, `
    load_module ${MODULE};
    daemon off; pid ${dir}/nginx.pid; error_log stderr crit; worker_processes 1;
    events { worker_connections 1024; }
    http {
      access_log off; client_body_temp_path ${dir}; proxy_temp_path ${dir}; fastcgi_temp_path ${dir}; uwsgi_temp_path ${dir}; scgi_temp_path ${dir};
      server {
        listen 127.0.0.1:${port};
        location = /pub { nchan_publisher; nchan_channel_id bench; }
        location = /sub { nchan_subscriber eventsource; nchan_channel_id bench; nchan_subscriber_first_message newest; }
      }
    }`)
  const nginx = spawn('nginx', ['-p', dir, '-c', config], { stdio: 'inherit' })
  const exited = once(nginx, 'exit')
  try {
    await sleep(500)
    const url = `http://127.0.0.1:${port}`
    show('nchan', await latencyToEvent(`${url}/sub`, poster(`${url}/pub`), SAMPLES))
  } finally {
    nginx.kill()
    await exited
  }
}

async function peerjs () {
  const port = await freePort()
  const server = await new Promise(resolve => { const app = PeerServer({ port, host: '127.0.0.1', path: '/' }, listening => resolve(listening ?? app)) })
  const connect = async id => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/peerjs?key=peerjs&id=${id}&token=${id}`)
    await once(socket, 'message')
    return socket
  }
  const [host, guest] = [await connect('host'), await connect('guest')]
  const payload = JSON.parse(message)
  const times = []
  for (let i = 0; i < SAMPLES + 200; i++) {
    const start = performance.now()
    guest.send(JSON.stringify({ type: 'OFFER', dst: 'host', payload }))
    await once(host, 'message')
    if (i >= 200) times.push(performance.now() - start)
  }
  show('PeerJS server, in the bench itself', times)
  host.close()
  guest.close()
  server.close()
  // It leaves a timer running.
  setImmediate(() => process.exit(0))
}

export async function run () {
  await signalbox()
  if (spawnSync('nginx', ['-v']).error === undefined && spawnSync('test', ['-e', MODULE]).status === 0) await withTempDir(nchan)
  else report('store to stream, nchan', 'not installed')
  await peerjs()
}
