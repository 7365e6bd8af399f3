/** Whether this browser lets a page choose the speaker. */
export const canChooseSpeaker = 'setSinkId' in HTMLMediaElement.prototype

/** Plays the other person through this speaker; '' is the browser's own choice, also used if the chosen one is missing. */
export function playThrough (id: string): void {
  if (!canChooseSpeaker) return
  for (const media of document.querySelectorAll('video')) {
    if (!media.muted && media.sinkId !== id) media.setSinkId(id).catch(() => { if (id !== '') playThrough('') })
  }
}
