/** What the client needs beyond the language. All current browsers have it, as does Node from version 20. */
const NEEDED = [
  'AbortController', 'AbortSignal.prototype.throwIfAborted', 'DOMException', 'Request', 'TextDecoder', 'btoa', 'crypto.getRandomValues'
]

/** @throws TypeError that names what is missing */
export function requirePlatform (needed: string[] = NEEDED): void {
  const missing = needed.filter(path => path.split('.').reduce((owner: any, name) => owner?.[name], globalThis) === undefined)
  if (missing.length > 0) throw new TypeError(`The signalbox client needs ${missing.join(', ')}, which this platform lacks`)
}
