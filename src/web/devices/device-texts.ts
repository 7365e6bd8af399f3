/* What the page says about the person's own camera, microphone and screen. */

import type { MediaKind } from '../media/device-kind.js'
import { isProblem, type DeviceProblem, type DeviceState, type Switch } from '../media/local-media.js'
import type { Notice } from '../ui/notices.js'

/** Why the screen cannot be shared, though the person wants it. */
export const screenProblem = 'Your screen could not be shared. Check in the system settings that this browser may record it, then try again.'

/** Why the screen is no longer shared, though the person has not stopped it. */
export const screenStopped = 'Your screen is no longer shared: the connection was lost, and someone else may have joined since. You can share it again.'

/** Why a screen that the person was still choosing is not shared. */
export const screenWithheld = 'Your screen was not shared: the connection was lost, and someone else may have joined since. To share it, choose it again.'

/** Where the person reads about a device: before a call, or in one. */
type Moment = 'before' | 'during'

/** What the person should know about their own camera and microphone: what is wrong, and how to mend it. */
export function deviceNotice ({ audio, video }: Record<MediaKind, DeviceState>, moment: Moment = 'during'): Notice | undefined {
  const [sound, picture] = [audio, video].map(state => isProblem(state) ? state : undefined)
  if (sound === undefined && picture === undefined) return undefined
  const problems = sound === picture
    ? [sound && problemText(sound, moment, 'camera and microphone', 'camera or microphone', 'them')]
    : [picture && problemText(picture, moment, 'camera', 'camera', 'it'), sound && problemText(sound, moment, 'microphone', 'microphone', 'it')]
  return {
    about: `${picture} ${sound}`,
    text: [...problems, restText(sound !== undefined, picture !== undefined, audio, moment)].filter(Boolean).join(' ')
  }
}

/** What is still possible. */
function restText (noSound: boolean, noPicture: boolean, audio: DeviceState, moment: Moment): string {
  if (moment === 'before') return `You can also call without ${noSound && noPicture ? 'them' : 'it'}.`
  if (noSound) return noPicture ? 'You can still watch, listen and chat.' : 'You can still listen and chat.'
  return audio === 'on' ? 'You can still be heard.' : ''
}

function problemText (problem: DeviceProblem, moment: Moment, both: string, either: string, it: string): string {
  const again = moment === 'before' ? 'try again' : `turn the ${both} on below`
  switch (problem) {
    case 'denied': return `Access to the ${both} is blocked. Allow ${it} in the site settings, next to the address, then ${again}.`
    case 'busy': return `The ${both} could not be started, probably because another program is using ${it}. Close that program, then ${again}.`
    case 'unavailable': return `No ${either} was found. Connect one, then ${moment === 'before' ? again : 'turn it on below'}.`
  }
}

/** What the mirror says while it has no picture, and nothing is wrong. @param live whether the person has turned on anything */
export function mirrorText (live: boolean, asking: boolean): string {
  if (asking) return 'Allow access if your browser asks.'
  return live ? 'Your camera is off.' : 'Check your camera and microphone first, if you like.'
}

/** Which device is in use now, and why. */
export function switchText ({ kind, using, problem }: Switch): string {
  const device = kind === 'audio' ? 'microphone' : 'camera'
  if (problem === undefined) return `Your ${device} was disconnected. Now using ${deviceName(using)}.`
  const why = {
    denied: `Access to the ${device} you chose is blocked.`,
    busy: `The ${device} you chose could not be started, probably because another program is using it.`,
    unavailable: `The ${device} you chose was not found.`
  }[problem]
  return `${why} Still using ${deviceName(using)}.`
}

/** A device's name as people know it. Some browsers add the number of the model. */
export function deviceName (label: string): string {
  return label.replace(/ \([\da-f]{4}:[\da-f]{4}\)$/i, '')
}
