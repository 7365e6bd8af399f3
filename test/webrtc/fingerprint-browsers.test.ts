import t, { type Test } from 'tap'
import { launch, needsChromium } from '../helpers/chromium.js'
import { launchFirefox, needsFirefox } from '../helpers/firefox.js'
import { doubtful, taken } from './doubtful-fingerprints.js'
import { newFingerprint } from './fake-connection.js'
import { serve } from './serve.js'

/** What is needed of a page, in either browser. */
interface Page {
  goto (url: string): Promise<unknown>
  evaluate<A, R> (work: (argument: A) => Promise<R>, argument: A): Promise<R>
}

const browsers: Record<string, [skip: string | false, open: (t: Test) => Promise<Page>]> = {
  Chromium: [await needsChromium(), async t => await (await launch(t)).newPage()],
  Firefox: [needsFirefox(), async t => await (await launchFirefox(t)).newPage() as unknown as Page]
}

/** A line with a wrong certificate, which is to be seen, and the one that connects in another spelling beside it. */
interface Disguise { seen: string, hidden: string }

const AWAY = 'sha-256 THE:CERTIFICATE'

/**
 * Connects two ends in a page where the answer comes in a disguise. Runs in the page.
 * @returns the answer as the offerer was given it, and whether it connected by the hidden line
 */
async function tryOut ({ seen, hidden, away }: Disguise & { away: string }): Promise<{ sdp: string, connects: boolean }> {
  const [offerer, answerer] = [new RTCPeerConnection(), new RTCPeerConnection()]
  try {
    offerer.onicecandidate = ({ candidate }) => { if (candidate) answerer.addIceCandidate(candidate).catch(() => {}) }
    answerer.onicecandidate = ({ candidate }) => { if (candidate) offerer.addIceCandidate(candidate).catch(() => {}) }
    const channel = offerer.createDataChannel('x')
    await offerer.setLocalDescription()
    await answerer.setRemoteDescription(offerer.localDescription!)
    await answerer.setLocalDescription()
    const answer = answerer.localDescription!.sdp
    const [whole = '', own = ''] = /^a=fingerprint:(.*)\r\n/m.exec(answer) ?? []
    const [hash = '', hex = ''] = own.split(' ')
    const disguised = hidden.replaceAll(away, own).replaceAll(away.toLowerCase(), own.toLowerCase())
      .replaceAll('THE:CERTIFICATE', hex).replaceAll('the:certificate', hex.toLowerCase())
      .replaceAll('THECERTIFICATE', hex.replaceAll(':', '')).replaceAll('SHA-256', hash.toUpperCase())
    // Both in the section's own place: the last of two lines often wins.
    const sdp = answer.replaceAll(/^a=fingerprint:.*\r\n/mg, '').replace(/^(m=.*\r\n(?:c=.*\r\n)?)/m, `$1${seen}\r\n${disguised}\r\n`)
    if (whole === '') throw new Error('There is no fingerprint')
    try {
      await offerer.setRemoteDescription({ type: 'answer', sdp })
    } catch {
      return { sdp, connects: false }
    }
    const connects = await new Promise<boolean>(resolve => {
      channel.onopen = () => { resolve(true) }
      offerer.onconnectionstatechange = () => { if (offerer.connectionState === 'failed') resolve(false) }
      answerer.onconnectionstatechange = () => { if (answerer.connectionState === 'failed') resolve(false) }
      setTimeout(() => { resolve(false) }, 3_000)
    })
    return { sdp, connects }
  } finally {
    offerer.close()
    answerer.close()
  }
}

for (const [name, [skip, open]] of Object.entries(browsers)) {
  t.test(`${name} connects by lines that are refused here`, { skip }, async t => {
    const { url } = await serve(t, { routes: app => { app.get('/', (_request, reply) => reply.type('text/html').send('<!doctype html><title>test</title>')) } })
    const page = await open(t)
    await page.goto(url)
    const attempt = async (seen: string, hidden: string) => await page.evaluate(tryOut, { seen, hidden, away: AWAY })
    const decoy = `a=fingerprint:${newFingerprint()}`

    const plain = await attempt('a=x-nothing:here', `a=fingerprint:${AWAY}`)
    t.ok(plain.connects, 'by its own spelling')
    t.ok(taken(plain.sdp), 'which is taken')
    t.notOk((await attempt('a=x-nothing:here', decoy)).connects, 'and not by a wrong one')

    const results = await Promise.all(doubtful(AWAY).map(async hidden => ({ hidden, ...await attempt(decoy, hidden) })))
    for (const { hidden, connects } of results) if (connects) t.comment(`connects by ${JSON.stringify(hidden)}`)
    t.strictSame(results.filter(({ sdp }) => taken(sdp)).map(({ hidden }) => hidden), [], 'none of them is taken here')
  })
}
