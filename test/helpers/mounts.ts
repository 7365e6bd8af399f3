import { execFileSync } from 'node:child_process'

/** For tap's `skip`: why no file system can be mounted here. */
export function needsMounts (): string | false {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp'], { stdio: 'ignore' })
    return false
  } catch {
    return 'this user cannot mount a file system'
  }
}
