import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { needs } from '../helpers/needs.js'

const script = fileURLToPath(new URL('alone.sh', import.meta.url))
const command = ['--net', '--mount', '--pid', '--fork', '--kill-child', 'sh', script]

/** Whether this process is in a network of its own already. */
export const isAlone = process.argv[2] === 'alone'

/** Runs this test in a network of its own, where this user can make one. */
export async function runAlone (file: string, name: string): Promise<void> {
  const skip = needs('ip') || needs('python3') || (!isSeparable() && 'needs a network of its own')
  if (skip !== false) {
    t.test(name, { skip }, async () => {})
    return
  }
  await t.spawn('unshare', [...command, process.execPath, ...process.execArgv, file, 'alone'], { timeout: 1_200_000 }, name)
}

function isSeparable (): boolean {
  try {
    execFileSync('unshare', [...command, 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
