import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { root } from '../helpers/consumer.js'
import { needs } from '../helpers/needs.js'

const run = promisify(execFile)
const unit = join(root, 'deploy/signalbox.service')

/** The most exposure that `systemd-analyze security` may find, in tenths; 100 is a service without any hardening. */
const MOST_EXPOSURE = 13

t.test('the unit gives the server no more rights than it needs', { skip: needs('systemd-analyze') }, async t => {
  const { stdout } = await run('systemd-analyze', ['security', '--no-pager', '--offline=true', `--threshold=${MOST_EXPOSURE}`, unit])
    .catch((error: unknown) => { throw new Error((error as { stdout: string }).stdout.replaceAll(/^ *✓.*\n/gm, '')) })
  const exposure = /exposure level for signalbox\.service: (\d+\.\d)/.exec(stdout)?.[1]
  t.ok(exposure)
  t.comment(`exposure ${exposure}`)
})
