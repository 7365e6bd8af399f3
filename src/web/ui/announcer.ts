import { element } from './dom.js'

/** How long the region is empty before it speaks, in ms: so the same text twice is announced twice. */
const PAUSE = 50

/** More than this is not read out at a time. */
const MAX_TEXTS = 3

/** Announces texts to screen reader users; those that come at the same moment, together. */
export function announcer (): (text: string) => void {
  const region = element('announce')
  let texts: string[] = []
  const speak = (): void => {
    region.textContent = inSentences(texts)
    texts = []
  }
  return text => {
    if (texts.length === 0) setTimeout(speak, PAUSE)
    region.textContent = ''
    texts = [...texts, text].slice(-MAX_TEXTS)
  }
}

/** What is read out at one time: each text as a sentence of its own. */
export function inSentences (texts: readonly string[]): string {
  return texts.map((text, at) => at === texts.length - 1 || /[.…?!]$/.test(text) ? text : `${text}.`).join(' ')
}
