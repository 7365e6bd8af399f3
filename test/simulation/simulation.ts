import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { program } from '../helpers/program.js'
import { planted, type Mutant } from './mutants.js'

const run = promisify(execFile)

/** What the server can store in; see `storages.ts`. */
export const STORES = ['memory', 'lmdb', 'remote']

/** What `run.ts` tells. */
export interface Report {
  seeds: number
  steps: number
  seconds: number
  hashes: string[]
  failed?: { seed: number, message: string }
}

export interface Order {
  store: string
  first: number
  seeds: number
  /** no seed begins after this time */
  seconds: number
}

export type Simulation = (order: Order) => Promise<Report>

/** The simulation as a program, since it replaces the globals of its process; with a fault where one is planted. */
export async function simulation (t: Test, mutant?: Mutant): Promise<Simulation> {
  const script = await program(t, new URL('run.ts', import.meta.url), mutant === undefined ? [] : [planted(mutant)])
  return async ({ store, first, seeds, seconds }) => {
    const { stdout } = await run(process.execPath, [script, store, String(first), String(seeds), String(seconds)], { maxBuffer: 2 ** 26 })
    return JSON.parse(stdout) as Report
  }
}
