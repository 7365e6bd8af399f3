// boardgame.io plays games over WebRTC with its own package for PeerJS. Nothing of it is changed: its documented option
// names the server.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { launch, needsChromium, person } from '../../helpers/chromium.js'
import { needs } from '../../helpers/needs.js'
import { freePort, RedisServer } from '../../helpers/redis-server.js'
import { ServerProcess, temporaryDirectory } from '../../helpers/server-process.js'

const applications = fileURLToPath(new URL('applications', import.meta.url))

const skip = existsSync(`${applications}/node_modules`) || process.env['SIGNALBOX_TEST_ALL'] === '1'
  ? await needsChromium()
  : 'npm ci --prefix test/compat/peerjs/applications was not run'

/** A game as boardgame.io's tutorial has them: each player in turn marks a cell. */
const GAME = `
  import { Client } from 'boardgame.io/client'
  import { P2P } from '@boardgame.io/p2p'
  const game = {
    name: 'marks',
    setup: () => ({ marks: [] }),
    turn: { minMoves: 1, maxMoves: 1 },
    moves: { mark: ({ G, playerID }, cell) => { G.marks.push(playerID + ' marks ' + cell) } }
  }
  window.play = (matchID, playerID, peerOptions) => {
    window.player = Client({ game, matchID, playerID, numPlayers: 2, multiplayer: P2P({ isHost: playerID === '0', peerOptions }) })
    window.player.start()
  }`

declare global {
  interface Window {
    play: (match: string, playerID: string, peerOptions: object) => void
    player: any
  }
}

async function bundled (): Promise<string> {
  const { outputFiles: [file] } = await build({ stdin: { contents: GAME, resolveDir: applications }, bundle: true, write: false, format: 'iife', logLevel: 'error', define: { 'process.env.NODE_ENV': '"production"' } })
  return file!.text
}

t.test('a board game by boardgame.io, unmodified', { skip }, async t => {
  const browser = await launch(t)
  const code = await bundled()

  await t.test('goes on when the server is killed, and the next game begins once it is back', async t => {
    const flags = [`--port=${await freePort()}`, `--store=lmdb:${await temporaryDirectory(t)}`, '--host=127.0.0.1', '--peerjs=/peerjs']
    const server = await ServerProcess.start(t, flags)
    const host = await player(t, browser, code, server.url, '0')
    const guest = await player(t, browser, code, server.url, '1')
    await turn([host, guest], '0', 1)
    await server.kill('SIGKILL')
    await turn([guest, host], '1', 2)

    const { url } = await ServerProcess.start(t, flags)
    const [another, opponent] = [await player(t, browser, code, url, '0', 'next'), await player(t, browser, code, url, '1', 'next')]
    await turn([another, opponent], '0', 3)
    await turn([host, guest], '0', 4)
  })

  await t.test('is played by players at two servers on one Redis, one of which is then killed', { skip: needs('redis-server') }, async t => {
    const redis = await RedisServer.start(t)
    const flags = [`--store=${redis.url}`, '--host=127.0.0.1', '--peerjs=/peerjs']
    const [one, two] = [await ServerProcess.start(t, flags), await ServerProcess.start(t, flags)]
    const host = await player(t, browser, code, one.url, '0')
    const guest = await player(t, browser, code, two.url, '1')
    await turn([host, guest], '0', 1)
    await two.kill('SIGKILL')
    await turn([guest, host], '1', 2)
    await guest.close()
    const next = await player(t, browser, code, one.url, '1')
    await turn([host, next], '0', 3)
  })
})

async function player (t: Test, browser: Browser, code: string, url: string, id: string, match = 'first'): Promise<Page> {
  const page = await (await person(t, browser, { bypassCSP: true })).newPage()
  // The guest's own code throws this without a server, whichever it is; its game goes on.
  page.on('pageerror', ({ message }) => { t.equal(message, "Cannot read properties of undefined (reading 'on')") })
  await page.goto(`${url}/health/live`)
  await page.addScriptTag({ content: code })
  await page.evaluate(({ match, id, port }) => { window.play(match, id, { host: '127.0.0.1', port, path: '/peerjs', config: { iceServers: [] } }) }, { match, id, port: Number(new URL(url).port) })
  await page.waitForFunction(() => window.player.getState()?.isConnected)
  return page
}

/** The player at the first page marks a cell, and both see it. */
async function turn ([page, other]: [Page, Page], id: string, cell: number): Promise<void> {
  await page.evaluate(cell => { window.player.moves.mark(cell) }, cell)
  for (const seen of [page, other]) await seen.waitForFunction(mark => window.player.getState()?.G.marks.at(-1) === mark, `${id} marks ${cell}`)
}
