import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../scripts/client-tools.js'
import { lines } from './lines.js'

/** Runs the README's example against a server. */
export async function runExample ({ command, args, options }, url) {
  const child = spawn(command, args, { ...withEnvironment(options, { SIGNALBOX_URL: url }), stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', text => { output += text })
  const [code] = await once(child, 'close')
  assert.equal(code, 0, output)
  assert.match(output, /stored as number 1\n/)
  assert.match(output, /read .*offer/)
  assert.match(output, /BOX_ERR_DROP_ONLY A drop address/)
}

/** Runs the README's stream: what is in the box, what comes while it runs, and its end with the box. */
export async function runStream ({ command, args, options }, url) {
  const { data: box } = await (await fetch(`${url}/boxes`, { method: 'POST' })).json()
  const messages = `${url}/boxes/${box}/messages`
  const store = body => fetch(messages, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const sent = [{ é: '漢字 🎉\u2028' }, null, 'after the start']
  await store(sent[0])
  await store(sent[1])
  const child = spawn(command, args, { ...withEnvironment(options, { SIGNALBOX_URL: url, SIGNALBOX_BOX: box }), stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'close')
  const timer = setTimeout(() => { child.kill() }, 30_000)
  const found = []
  for await (const line of lines(child.stdout)) {
    const [, number, message] = /^(\d+) (.*)$/s.exec(line) ?? []
    if (number === undefined) continue
    found.push([Number(number), JSON.parse(message)])
    if (found.length === 2) await store(sent[2])
    if (found.length === 3) await fetch(`${url}/boxes/${box}`, { method: 'DELETE' })
  }
  const [code] = await exit
  clearTimeout(timer)
  assert.equal(code, 0, `the program ended with ${code} after ${JSON.stringify(found)}`)
  assert.deepEqual(found, sent.map((message, index) => [index + 1, message]))
}

/** Runs the README's two programs for a box: one receives what the other sends. */
export async function runReceiveAndSend ({ receive, send }, url) {
  checkLength([receive, send])
  const child = spawn(receive.command, receive.args, { ...withEnvironment(receive.options, { SIGNALBOX_URL: url }), stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'close')
  const timer = setTimeout(() => { child.kill() }, 30_000)
  const found = []
  for await (const line of lines(child.stdout)) {
    found.push(line)
    const [, link] = /^Send to (.+)$/.exec(line) ?? []
    if (link === undefined) continue
    for (const [index, message] of ['hello', 'bye'].entries()) {
      const said = run(send.command, [...send.args, link, message], send.options)
      assert.equal(said, `stored as number ${index + 1}\n`)
    }
  }
  const [code] = await exit
  clearTimeout(timer)
  assert.equal(code, 0, found.join('\n'))
  assert.deepEqual(found.slice(1), ['received hello', 'received bye'])
}

/** Runs the README's two programs for a call: both show the same code, and the guest hears the host until it leaves. */
export async function runCall ({ host, guest }, url) {
  checkLength([host, guest])
  const children = []
  const start = ({ command, args, options }, ...more) => {
    const child = spawn(command, [...args, ...more], { ...options, stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000 })
    children.push(child)
    return { said: lines(child.stdout)[Symbol.asyncIterator](), exit: once(child, 'close'), child }
  }
  const next = async said => (await said.next()).value
  try {
    const hosting = start(host, url)
    const [, invite] = /^Send this link to your guest: (.+)$/.exec(await next(hosting.said))
    const joined = start(guest, invite)
    const code = await next(joined.said)
    assert.match(code, /^Read this code to each other: \d{6}$/)
    assert.equal(await next(hosting.said), code)
    assert.equal(await next(joined.said), 'received hello guest')
    hosting.child.kill('SIGINT')
    assert.deepEqual(await joined.exit, [0, null])
    assert.deepEqual(await hosting.exit, [0, null], 'Ctrl+C is no error')
  } finally {
    for (const child of children) child.kill()
  }
}

function checkLength (programs) {
  for (const { options: { cwd }, args, file = args[0] } of programs) {
    const length = lengthOf(readFileSync(join(cwd, file), 'utf8'))
    assert.ok(length <= 15, `${file} has ${length} lines`)
  }
}

/** How many lines say something: imports, empty lines and closing braces do not. */
function lengthOf (program) {
  const lines = program.replace(/^import \([^)]*\)$/m, '').split('\n')
  return lines.filter(line => !/^(?:import |from .* import |use )|^\s*}?$/.test(line)).length
}

/** Runs a language's own tests of its `Box`, and returns how many there were. */
export async function runTests ({ command, args, options }, url) {
  const child = spawn(command, args, { ...withEnvironment(options, { SIGNALBOX_URL: url }), stdio: ['ignore', 'pipe', 'pipe'], timeout: 600_000 })
  const [output, errors, [code]] = await Promise.all([child.stdout.toArray(), child.stderr.toArray(), once(child, 'close')])
  const said = Buffer.concat([...output, ...errors]).toString()
  assert.equal(code, 0, said)
  // Python's unittest, Maven and Rust count them themselves; Go lists them.
  const counts = said.match(/^Ran .*$|^test result: .*$|Tests run: \d+, .*\d$/m)?.[0] ?? `Ran ${said.match(/^--- PASS: /gm)?.length ?? 0} tests`
  assert.match(counts, /^\D*[1-9]/, `no test ran:\n${said}`)
  return counts
}

function withEnvironment (options, variables) {
  return { ...options, env: { ...(options.env ?? process.env), ...variables } }
}
