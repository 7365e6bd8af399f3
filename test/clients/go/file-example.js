import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lines } from '../lines.js'

const PATIENCE = 60_000

/** Runs examples/go-file, which hosts a call; the call runner joins it and asks for the file. */
export async function runFileExample ({ file, runner }, url) {
  const path = join(file.options.cwd, 'sent.bin')
  const sent = randomBytes(3 << 20)
  writeFileSync(path, sent)
  const program = spawn(file.command, [...file.args, url, path], { ...file.options, stdio: ['ignore', 'pipe', 'inherit'], timeout: PATIENCE })
  const guest = spawn(runner.command, runner.args, { ...runner.options, stdio: ['pipe', 'pipe', 'inherit'], timeout: PATIENCE })
  const ends = Promise.all([once(program, 'close'), once(guest, 'close')])
  const call = (name, args) => { guest.stdin.write(JSON.stringify({ id: 1, call: name, args: { name: 'guest', ...args } }) + '\n') }
  for await (const line of lines(program.stdout)) {
    const [, invite] = /^Invite: (.+)$/.exec(line) ?? []
    if (invite === undefined) continue
    call('join', { invite })
    const { about, bytes } = await receive(guest, sent.length, peer => { call('send', { peer, text: 'get' }) }, () => { program.kill('SIGINT') })
    assert.deepEqual(about, { name: 'sent.bin', size: sent.length })
    assert.ok(bytes.equals(sent))
  }
  assert.deepEqual((await ends).map(([code]) => code), [0, 0])
}

/** Reads what the guest says until its call has ended; whoever stops earlier breaks its pipe. */
async function receive (guest, size, connected, complete) {
  const parts = []
  let [about, received] = [undefined, 0]
  for await (const line of lines(guest.stdout)) {
    const { event, peer, text, base64, code } = line.startsWith('{') ? JSON.parse(line) : {}
    if (event === 'peer') connected(peer)
    if (text !== undefined) about = JSON.parse(text)
    if (base64 !== undefined) {
      parts.push(Buffer.from(base64, 'base64'))
      received += parts.at(-1).length
      if (received >= size) complete()
    }
    if (event === 'end') {
      assert.equal(code, null)
      guest.stdin.end()
    }
  }
  return { about, bytes: Buffer.concat(parts) }
}
