import { fork } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { program } from '../helpers/program.js'

t.test('what the memory store counts is within a tenth of what it uses', async t => {
  const script = await program(t, new URL('memory-cost.ts', import.meta.url))
  /** What the script sends, with a case or, to learn their names, without. */
  const measure = async (...args: string[]): Promise<unknown> => {
    const child = fork(script, args, { execArgv: ['--expose-gc'] })
    const [message] = await once(child, 'message')
    return message
  }
  for (const name of await measure() as string[]) {
    const ratio = await measure(name) as number
    t.ok(ratio > 0.9 && ratio < 1.1, `${name}: ${ratio.toFixed(3)} of the cap is used`)
  }
})
