import t from 'tap'
import { code, inCall, servePage } from '../helpers/call-page.js'
import { certificate } from '../helpers/certificate.js'
import { launch, needsChromium, person } from '../helpers/chromium.js'
import { needs } from '../helpers/needs.js'
import { ServerProcess } from '../helpers/server-process.js'

const STREAMS = 40
const skip = needs('openssl') || await needsChromium()

t.test('a page holds 40 streams open over HTTPS, and sends while they are', { skip }, async t => {
  const { cert, key } = await certificate(t)
  const server = await ServerProcess.start(t, ['--store=memory:', `--tls-cert=${cert}`, `--tls-key=${key}`, '--rate-limit-waiters=64', '--rate-limit-creates=64'])
  const context = await person(t, await launch(t), { ignoreHTTPSErrors: true })
  const page = await context.newPage()
  await page.goto(`${server.url}/health/live`)
  const seen = await page.evaluate(async count => {
    const receive = async (n: number): Promise<string> => {
      const { data, drop } = await (await fetch('/boxes', { method: 'POST' })).json()
      const { body } = await fetch(`/boxes/${data}/messages`, { headers: { accept: 'text/event-stream' } })
      if (body === null) throw new Error('no body')
      opened++
      if (opened === count) allOpen()
      await open
      await fetch(`/boxes/${drop}/messages`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(`message ${n}`) })
      const reader = body.pipeThrough(new TextDecoderStream()).getReader()
      for (let text = ''; ;) {
        const { done, value } = await reader.read()
        if (done) throw new Error('The stream ended')
        text += value
        const [, message] = /data: "(.*)"/.exec(text) ?? []
        if (message === undefined) continue
        await reader.cancel()
        return message
      }
    }
    let opened = 0
    let allOpen = (): void => {}
    const open = new Promise<void>(resolve => { allOpen = resolve })
    const messages = await Promise.all(Array.from({ length: count }, (_, n) => receive(n)))
    const protocols = (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).map(({ nextHopProtocol }) => nextHopProtocol)
    return { messages, protocols: [...new Set(protocols)], secure: isSecureContext }
  }, STREAMS)
  t.same(seen, { messages: Array.from({ length: STREAMS }, (_, n) => `message ${n}`), protocols: ['h2'], secure: true })
})

t.test('two people call each other over HTTPS', { skip }, async t => {
  const { cert, key } = await certificate(t)
  const url = await servePage(t, [`--tls-cert=${cert}`, `--tls-key=${key}`])
  const { host, guest } = await inCall(t, await launch(t, ['--ignore-certificate-errors']), url)
  t.match(await code(host), /\d{3}.?\d{3}/)
  t.equal(await code(host), await code(guest))
  for (const { page, problems } of [host, guest]) {
    t.match(page.url(), /^https:/)
    t.same(problems, [])
    t.ok(await page.evaluate(() => (performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming).nextHopProtocol === 'h2'))
  }
})
