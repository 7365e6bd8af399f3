import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { readableLog } from '../../src/server/readable-log.js'
import { root } from '../helpers/consumer.js'
import { needs } from '../helpers/needs.js'
import { request } from './raw.js'
import { serve } from './serve.js'

/** What of the text a terminal would not show but act upon. */
const CONTROLS = /[^\P{Cc}\n]/u

t.test('a request is one line, without its ids', async t => {
  let text = ''
  const { listen } = await serve(t, [], { log: readableLog({ write: line => { text += line } }, false) })
  const port = await listen()
  const { data: box } = JSON.parse((await request(port, 'POST', '/boxes')).body)
  await request(port, 'GET', `/boxes/${box}/messages`)
  await request(port, 'GET', '/nowhere')
  const lines = text.split('\n').filter(line => line.includes('from 127.0.0.1'))
  t.match(lines.map(line => line.replace(/in \d+ ms/, 'in 1 ms')), [
    /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: POST \/boxes 201 in 1 ms from 127\.0\.0\.1$/,
    /INFO: GET \/boxes\/:box\/messages 200 in 1 ms from 127\.0\.0\.1$/,
    /INFO: GET \(no such address\) 404 in 1 ms from 127\.0\.0\.1$/
  ])
  t.notMatch(text, box)
})

t.test('an error has its stack, and what a client wrote cannot control the terminal', async t => {
  let text = ''
  const { app } = await serve(t, [], { log: readableLog({ write: line => { text += line } }, false) })
  const hostile = 'clear \u001b[2J and \u009b2J, \\u001b, C:\\new, \b\r\u007f\u202e\n[00:00:00.000] INFO: forged'
  app.log.error({ err: new Error(hostile), [hostile]: { [hostile]: 1 } }, hostile)
  t.match(text, /ERROR: clear \\u001b\[2J and \\u009b2J, \\u001b, C:\\new, \\b\\r\\u007f\\u202e\\n\[00:00:00\.000\] INFO: forged\n/)
  t.match(text, /^ +at .*readable-log\.test/m)
  t.notMatch(text, CONTROLS)
  t.notMatch(text, /^\[00:00/m)
})

t.test('on a terminal the log is for people, and JSON elsewhere', { skip: needs('script') }, async t => {
  const command = `"${process.execPath}" "${join(root, 'dist/server/cli.js')}" --store=memory: --host=127.0.0.1 --port=0`
  for (const [shell, pattern] of [
    [['script', '-qefc', command, '/dev/null'], /\] .*INFO.*: .*signalbox \S+ is ready on http:/],
    [['sh', '-c', `exec ${command}`], /^\{"level":30,.*"msg":"signalbox \S+ is ready/m]
  ] as const) {
    const child = spawn(shell[0], shell.slice(1), { stdio: ['pipe', 'pipe', 'ignore'] })
    t.teardown(() => { child.kill() })
    const closed = once(child, 'close')
    let text = ''
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      text += chunk
      if (text.includes('is ready')) child.kill()
    }
    await closed
    t.match(text, pattern)
  }
})
