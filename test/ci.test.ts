import { execFile } from 'node:child_process'
import { access, chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'

const run = promisify(execFile)
const gate = await readFile(new URL('../.ci/run', import.meta.url), 'utf8')

/** The gate's own function, with the policy elsewhere, and an apt-get that only prints the policy it finds. */
async function installer (t: Test) {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-ci-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const policy = join(directory, 'policy-rc.d')
  const stubs = { 'apt-get': `[ "$1" = update ] || { stat -c %a '${policy}'; cat '${policy}'; exit "\${APT_EXIT:-0}"; }`, sudo: '"$@"' }
  for (const [name, body] of Object.entries(stubs)) await writeFile(join(directory, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  const [body = ''] = /^install_packages \(\) \{$.*?^\}$/ms.exec(gate) ?? []
  const script = `set -uo pipefail\n${body.replaceAll('/usr/sbin/policy-rc.d', policy)}\ninstall_packages`
  const install = async (env = {}) => await run('bash', ['-c', script], { env: { ...process.env, PATH: `${directory}:${process.env['PATH']}`, ...env } })
  return { policy, install }
}

t.test('while packages are installed, no service starts, and the machine is left as it was', async t => {
  const { policy, install } = await installer(t)
  t.equal((await install()).stdout, '755\n#!/bin/sh\nexit 101\n')
  await t.rejects(access(policy), { code: 'ENOENT' })
  await t.rejects(install({ APT_EXIT: '100' }), { code: 100 }, 'a failure is one')
  await t.rejects(access(policy), { code: 'ENOENT' }, 'and leaves nothing behind either')
})

t.test('an existing policy of the machine is kept and obeyed', async t => {
  const { policy, install } = await installer(t)
  await writeFile(policy, '#!/bin/sh\nexit 0\n')
  await chmod(policy, 0o700)
  t.equal((await install()).stdout, '700\n#!/bin/sh\nexit 0\n')
  t.equal(await readFile(policy, 'utf8'), '#!/bin/sh\nexit 0\n')
  t.equal((await stat(policy)).mode & 0o777, 0o700)
})

t.test('the gate ends with what failed, and the counts', async t => {
  const [start = ''] = /^passed=0\n.*?(?=^install_packages)/ms.exec(gate) ?? []
  const [tests = ''] = /^run_tests \(\) \{$.*?^\}$/ms.exec(gate) ?? []
  const npm = 'npm () { printf \'%s\\n\' "    not ok 2 - stores # time=3ms" "not ok 1 - test/store.test.ts" "# { total: 9, pass: 7, fail: 2 }"; return 1; }'
  const ends = (checks: string) => run('bash', ['-c', `${start}\n${tests}\n${npm}\n${checks}\nfinish`]).then(({ stdout }) => ({ code: 0, stdout }), ({ code, stdout }) => ({ code, stdout }))
  t.match(await ends('check lint true'), { code: 0, stdout: /-- ok: lint \(\d+ s\)\n1 passed, 0 failed\n$/ })
  t.match(await ends('check lint true; check types false; check tests run_tests'), {
    code: 1,
    stdout: /FAILED: types\nFAILED: stores # time=3ms\nFAILED: test\/store.test.ts\nFAILED: tests\n8 passed, 4 failed\n$/
  })
  t.match(await ends(''), { code: 1, stdout: '0 passed, 0 failed\n' })
})
