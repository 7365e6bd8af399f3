// What runs in nginx: nchan, and the PHP script.
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../lib.js'
import { openStream, plain, text } from './work.js'
import { output, start } from './processes.js'

const MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so'
const FPM = ['php-fpm', 'php-fpm8.4', 'php-fpm8.3', 'php-fpm8.2'].flatMap(name => ['/usr/sbin', '/usr/bin', '/usr/local/sbin'].map(folder => join(folder, name)))
const PHP_WORKERS = 4

const nginxVersion = () => `nginx ${output('nginx', ['-v']).split('/').at(-1)}`

/** Debian's version of a package, where Debian's is what runs. */
const packageVersion = name => output('dpkg-query', ['--show', name]).split('\t')[1]

async function nginx (dir, port, { main = '', http = '', server }) {
  await mkdir(join(dir, 'logs'), { recursive: true })
  const config = join(dir, 'nginx.conf')
  await writeFile(config, `
    ${main}
    ${process.getuid() === 0 ? 'user root;' : ''}
    daemon off; pid ${dir}/nginx.pid; error_log stderr crit; worker_processes 1; worker_rlimit_nofile 16384;
    events { worker_connections 8192; }
    http {
      access_log off; keepalive_requests 1000000;
      client_body_temp_path ${dir}; proxy_temp_path ${dir}; fastcgi_temp_path ${dir}; uwsgi_temp_path ${dir}; scgi_temp_path ${dir};
      ${http}
      server { listen 127.0.0.1:${port}; ${server} }
    }`)
  return await start('nginx', ['-p', dir, '-c', config], port)
}

export const nchan = {
  name: 'nchan',
  durability: 'memory',
  find () {
    if (!existsSync(MODULE)) throw new Error('libnginx-mod-nchan is not installed')
    return { version: `${packageVersion('libnginx-mod-nchan')}, ${nginxVersion()}`, configuration: 'one nginx worker, no access log, 1,000 messages kept per channel, 1 GiB of shared memory' }
  },
  async start (dir) {
    const port = await freePort()
    const { url, pid, stop } = await nginx(dir, port, {
      main: `load_module ${MODULE};`,
      http: 'nchan_shared_memory_size 1024M;',
      server: `
        location = /pub { nchan_publisher; nchan_channel_id $arg_id; nchan_message_buffer_length 1000; }
        location = /sub { nchan_subscriber eventsource; nchan_channel_id $arg_id; nchan_subscriber_first_message newest; }
        location = /read { nchan_subscriber longpoll; nchan_channel_id $arg_id; nchan_subscriber_first_message oldest; }`
    })
    let channels = 0
    return {
      url,
      pids: [pid],
      stop,
      channel: async () => `c${channels++}`,
      store: id => ({ method: 'POST', path: `/pub?id=${id}`, ...plain }),
      read: id => ({ method: 'GET', path: `/read?id=${id}` }),
      subscribe: (id, onMessage) => openStream(`${url}/sub?id=${id}`, onMessage)
    }
  }
}

export const boxPhp = {
  name: 'box.php',
  durability: 'files, not flushed',
  find () {
    const fpm = FPM.find(existsSync)
    if (fpm === undefined) throw new Error('php-fpm is not installed')
    return { version: `PHP ${/PHP (\S+)/.exec(output(fpm, ['-v']))[1]}, ${nginxVersion()}`, configuration: `\`bench/performance/box.php\` in php-fpm with ${PHP_WORKERS} workers and OPcache, behind one nginx worker, over a Unix socket` }
  },
  async start (dir) {
    const port = await freePort()
    const socket = join(dir, 'fpm.sock')
    await mkdir(join(dir, 'boxes'))
    const config = join(dir, 'fpm.conf')
    await writeFile(config, `
      [global]
      error_log = ${dir}/fpm.log
      daemonize = no
      [bench]
      user = ${userInfo().username}
      listen = ${socket}
      pm = static
      pm.max_children = ${PHP_WORKERS}
      env[BOXES] = ${dir}/boxes`.replaceAll('\n      ', '\n'))
    const php = await start(FPM.find(existsSync), [...(process.getuid() === 0 ? ['--allow-to-run-as-root'] : []), '--fpm-config', config], socket)
    const web = await nginx(dir, port, {
      server: `
        location = /box.php {
          fastcgi_pass unix:${socket};
          fastcgi_param SCRIPT_FILENAME ${fileURLToPath(new URL('box.php', import.meta.url))};
          fastcgi_param QUERY_STRING $query_string; fastcgi_param REQUEST_METHOD $request_method;
          fastcgi_param SERVER_PROTOCOL $server_protocol; fastcgi_param REQUEST_URI $request_uri; fastcgi_param BOXES ${dir}/boxes;
        }`
    }).catch(async error => {
      await php.stop()
      throw error
    })
    const create = { method: 'GET', path: '/box.php' }
    return {
      url: web.url,
      pids: [web.pid, php.pid],
      async stop () {
        await web.stop()
        await php.stop()
      },
      channel: async () => JSON.parse(await (await fetch(`${web.url}/box.php`)).text()).data,
      create,
      store: box => ({ method: 'GET', path: `/box.php?box=${box}&msg=${text}` }),
      drain: box => ({ method: 'GET', path: `/box.php?box=${box}` })
    }
  }
}
