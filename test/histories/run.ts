import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { temporaryDirectory } from '../helpers/server-process.js'
import { RandomClient, type Load, type Served } from './client.js'
import { History, PERIOD, SLOTS, type EventLine } from './history.js'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('.', import.meta.url))

/** Where histories that nothing explains are kept. */
const KEPT = process.env['SIGNALBOX_HISTORIES_DIR'] ?? fileURLToPath(new URL('../../.tap/histories', import.meta.url))

/** The most messages of a box; few, so that boxes are often full. */
export const MAX_MESSAGES = 8

/** What the checker says of a run. */
export interface Report {
  store: string
  seed: string
  /** boxes */
  histories: number
  operations: number
  /** how many of them had no answer */
  unanswered: number
  /** the operations of the box that had the most */
  longest: number
  /** how often each operation ended with each status, by `operation status` */
  answers: Record<string, number>
  violations: { box: string, operations: number, result: string, history?: string, picture?: string }[]
}

export interface Run {
  store: string
  servers: Served[]
  /** how long the clients work, in seconds */
  seconds: number
  /** after how many operations of the clients in TypeScript they may stop earlier */
  operations?: number
  /** whether a request without an answer is over once its server is */
  endsWithServer?: boolean
  /** what goes wrong meanwhile */
  nemesis?: (history: History, over: AbortSignal) => Promise<void>
  /** what is known only afterwards */
  afterwards?: (history: History, boxes: string[]) => Promise<void>
  /** in seconds; longer than the run where no clock is turned */
  ttl?: number
  keep?: number
  /** how many clients of each language */
  clients?: { typescript: number, go: number }
  seed?: string
  /** where what is not explained is kept */
  kept?: string
}

/** Builds the checker and the clients in Go. @returns the directory with both */
export async function buildTools (t: Test): Promise<string> {
  const directory = await temporaryDirectory(t)
  await run('go', ['build', '-o', directory + '/', './...'], { cwd: folder })
  return directory
}

export function newSeed (): string {
  return process.env['SIGNALBOX_HISTORIES_SEED'] ?? String(Math.floor(Math.random() * 2 ** 32))
}

/** Lets clients use boxes at random while things go wrong, and has their histories checked. */
export async function checkRun (t: Test, tools: string, { store, servers, seconds, operations = Infinity, endsWithServer = true, nemesis, afterwards, ttl = 86_400, keep = 3_600, clients = { typescript: 5, go: 3 }, seed = newSeed(), kept = KEPT }: Run): Promise<Report> {
  const directory = await temporaryDirectory(t)
  const history = new History(join(directory, 'typescript.jsonl'))
  history.note({ event: 'run', store, seed, maxMessages: MAX_MESSAGES, endsWithServer })
  const load: Load = { seed, servers, ttl, keep }
  const end = new AbortController()
  const until = history.now() + seconds * 1e9
  const goFile = join(directory, 'go.jsonl')
  const working = [
    ...Array.from({ length: clients.typescript }, (_, i) => new RandomClient(`ts-${i}`, load, history).run(() => history.now() > until || history.length >= operations)),
    ...clients.go > 0 ? [recordInGo(tools, { ...load, since: history.since, until, clients: clients.go, file: goFile })] : []
  ]
  const work = Promise.all(working).finally(() => { end.abort() })
  await Promise.all([work, nemesis?.(history, end.signal)])
  const files = [history.file, ...clients.go > 0 ? [goFile] : []]
  history.write()
  if (afterwards !== undefined) {
    await afterwards(history, boxesIn(files))
    history.write()
  }
  mkdirSync(kept, { recursive: true })
  const { stdout } = await run(join(tools, 'check'), [kept, ...files], { maxBuffer: 1 << 26 })
  return JSON.parse(stdout) as Report
}

/** Says how much was checked, and fails where something is not explained. */
export function isExplained (t: Test, report: Report): void {
  const { store, seed, histories, operations, unanswered, longest, answers, violations } = report
  t.comment(`${store}, seed ${seed}: ${histories} histories with ${operations} operations (${unanswered} unanswered, at most ${longest} in one), ${violations.length} violations`)
  t.comment(Object.entries(answers).sort().map(([answer, count]) => `${answer}: ${count}`).join(', '))
  t.same(violations, [], `each history on ${store} is explained`)
}

async function recordInGo (tools: string, config: Load & { since: bigint, until: number, clients: number, file: string }): Promise<void> {
  const text = JSON.stringify({ ...config, since: Number(config.since), period: PERIOD, slots: SLOTS })
  const child = spawn(join(tools, 'record'), [text], { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`the clients in Go ended with ${code}`)
}

function boxesIn (files: string[]): string[] {
  const lines = files.flatMap(file => readFileSync(file, 'utf8').split('\n').filter(line => line !== ''))
  return [...new Set(lines.map(line => JSON.parse(line) as EventLine & { box?: string }).flatMap(({ box }) => box ?? []))]
}

/** Waits, or until the run is over. */
export async function pause (ms: number, over: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: over }).catch(() => {})
}
