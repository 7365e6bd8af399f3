import type { Reason } from './file-messages.js'
import type { Transfer } from './transfer.js'

type Shown = Pick<Transfer, 'direction' | 'wanted' | 'state' | 'size' | 'moved'> & { link: unknown }

const UNITS = ['kB', 'MB', 'GB', 'TB']

/** Why a transfer has failed, and what to do: for the sender, and for the receiver. */
const failures: Record<Reason, [string, string]> = {
  stopped: ['They cancelled it', 'They cancelled it'],
  unreadable: ['The file has changed or is gone. Choose it again.', 'The file has changed or is gone. Ask for it again.'],
  damaged: ['It did not arrive as it was sent. Send it again.', 'It did not arrive as it was sent. Ask for it again.'],
  storage: ['Their device cannot store it.', 'This device cannot store it. Make room, and ask for it again.'],
  // A sender does not say so, unless it is another program.
  busy: ['Too many files are waiting. Send it later.', 'They cancelled it'],
  unknown: ['Their page was closed or reloaded. Send it again.', 'Their page was closed or reloaded. Ask for it again.']
}

/** A size as people say it. */
export function sizeText (bytes: number): string {
  if (bytes < 1000) return bytes === 1 ? '1 byte' : `${bytes} bytes`
  let unit = -1
  let number = bytes
  for (; number >= 999.5 && unit < UNITS.length - 1; unit++) number /= 1000
  return `${number < 9.95 ? number.toFixed(1) : number.toFixed()} ${UNITS[unit]}`
}

/** A time to wait as people say it. */
export function timeText (seconds: number): string {
  if (seconds < 10) return 'a few seconds'
  if (seconds < 55) return `about ${Math.round(seconds / 5) * 5} seconds`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return minutes <= 1 ? 'about a minute' : `about ${minutes} minutes`
  const hours = Math.round(seconds / 3600)
  return hours === 1 ? 'about an hour' : `about ${hours} hours`
}

/** Where a transfer is. @param rate in bytes per second, if it is known */
export function transferText (transfer: Shown, rate = 0): string {
  const { direction, wanted, state, size, moved, link } = transfer
  const sending = direction === 'out'
  if (state.name === 'done') return `${sizeText(size)} · ${sending ? 'sent' : 'received'} and verified`
  if (state.name === 'failed') {
    if (state.reason === 'stopped' && state.mine) return 'Cancelled'
    if (state.reason === 'stopped' && sending && !wanted) return 'They declined it'
    return failures[state.reason][sending ? 0 : 1]
  }
  if (link === undefined) return 'Interrupted. It will continue when you are connected again.'
  if (state.name === 'asked') return `${sizeText(size)} · ${sending ? 'waiting for them to accept' : 'offered to you'}`
  if (state.name === 'accepted') return `${sizeText(size)} · waiting to start`
  const progress = `${sizeText(moved)} of ${sizeText(size)}`
  return rate < 1 ? progress : `${progress} · ${sizeText(rate)}/s · ${timeText((size - moved) / rate)} left`
}

/** What screen readers announce when a transfer has reached a state, if anything: its start and its end. */
export function announcementOf (transfer: Shown & { name: string }): string | undefined {
  const { name, direction, state: { name: state } } = transfer
  if (state === 'moving') return `${direction === 'out' ? 'Sending' : 'Receiving'} ${name}`
  return state === 'accepted' || (state === 'asked' && direction === 'out') ? undefined : `${name}: ${transferText(transfer)}`
}

export function noRoomText (name: string, size: number, room: number): string {
  return `${name} does not fit: it is ${sizeText(size)}, and this browser has room for only ${sizeText(room)}.`
}
