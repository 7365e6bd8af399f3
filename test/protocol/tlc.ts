import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tlaTools } from '../../scripts/client-tools.js'
import { needs } from '../helpers/needs.js'

/** A module and what differs from its `.cfg`. */
export interface Variant {
  module: 'ShortCode' | 'Sealing'
  faults?: string[]
  /** other constants, as TLA+ writes them */
  constants?: Record<string, string>
  /** the only invariant to check, in place of all invariants and properties */
  only?: string
}

export interface Checked {
  /** the first invariant or property that does not hold; if undefined, all states were reached */
  violated: string | undefined
  /** how many different states there are, or were found before that */
  states: number
  /** the steps that lead there, by the names of their actions */
  trace: string[]
}

/** For tap's `skip`: `false` where the models can be checked, else the reason in one line. */
export function needsTlc (): string | false {
  const missing = needs('java') || needs('python3')
  if (missing !== false) return missing
  try {
    tlaTools()
    return false
  } catch (error) {
    if (process.env['SIGNALBOX_TEST_ALL'] === '1') throw error
    return 'tla2tools.jar cannot be fetched'
  }
}

/** Visits every state of a variant, or stops at the first in which something does not hold. */
export async function check (variant: Variant, folder: string): Promise<Checked> {
  const temporary = join(folder, 'temporary')
  await mkdir(temporary, { recursive: true })
  const config = join(folder, 'model.cfg')
  await writeFile(config, await configuration(variant))
  const java = spawn('java', [
    '-XX:+UseSerialGC', '-Xmx1g', `-Djava.io.tmpdir=${temporary}`, '-cp', tlaTools(), 'tlc2.TLC',
    // A protocol may come to an end.
    '-deadlock', '-workers', '1', '-metadir', join(folder, 'states'), '-config', config, variant.module
  ], { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  java.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
  const [status] = await once(java, 'close') as [number | null]
  const violated = /^Error: (?:Invariant|Action property) (\w+) is violated/m.exec(output)?.[1]
  const states = [...output.matchAll(/, (\d+) distinct states found, (\d+) states left/g)].at(-1)
  const finished = violated === undefined ? status === 0 && states?.[2] === '0' : status === 12 || status === 13
  if (!finished) throw new Error(`TLC ended with ${status}:\n${output}`)
  return {
    violated,
    states: Number(states?.[1]),
    trace: [...output.matchAll(/^State \d+: <(\w+)/gm)].map(([, action]) => action!)
  }
}

async function configuration ({ module, faults = [], constants = {}, only }: Variant): Promise<string> {
  let text = await readFile(join(import.meta.dirname, `${module}.cfg`), 'utf8')
  const values = { ...constants, Faults: `{${faults.map(fault => JSON.stringify(fault)).join(', ')}}` }
  for (const [name, value] of Object.entries(values)) {
    const line = new RegExp(`^  ${name} = .*$`, 'm')
    if (!line.test(text)) throw new Error(`${module}.cfg has no ${name}`)
    text = text.replace(line, `  ${name} = ${value}`)
  }
  return only === undefined ? text : text.replace(/^INVARIANTS[^]*$/m, `INVARIANT ${only}\n`)
}
