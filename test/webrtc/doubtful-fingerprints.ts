import { fingerprintOf } from '../../clients/typescript/src/webrtc/short-code.js'

/**
 * Ways to write a line that a browser may take for a fingerprint, and a reader for something else.
 * @param fingerprint hash and value, such as `sha-256 AB:…`
 */
export function doubtful (fingerprint: string): string[] {
  const [hash = '', hex = ''] = fingerprint.split(' ')
  return [
    ...['a= fingerprint:', 'a=:fingerprint:', 'a=\tfingerprint:', 'a=fingerprint ', 'a=fingerprint: ', 'a=fingerprint:\t', 'a=fingerprint::', 'a =fingerprint:',
      ' a=fingerprint:', 'A=fingerprint:', 'a=FINGERPRINT:', 'a=Fingerprint:', 'a=fingerprint :', 'a=x\ra=fingerprint:', 'a=x\va=fingerprint:', 'a=x\fa=fingerprint:',
      'a=x\0a=fingerprint:', 'a=x\u0085a=fingerprint:', 'a=x\u2028a=fingerprint:', 'a=\0fingerprint:', 'a=fingerprint\0:', 'a=\u00A0fingerprint:', '\uFEFFa=fingerprint:'
    ].map(before => before + fingerprint),
    ...['\r', ' ', '\t', '\0', ' x', ':00', '\u2028', ';'].map(after => `a=fingerprint:${fingerprint}${after}`),
    `a=fingerprint:${hash}  ${hex}`,
    `a=fingerprint:${hash}\t${hex}`,
    `a=fingerprint:${hash.toUpperCase()} ${hex}`,
    `a=fingerprint:${hash} ${hex.toLowerCase()}`,
    `a=fingerprint:${hash} ${hex.replaceAll(':', '')}`,
    `a=fingerprint:${hash}`,
    `a=fingerprint:${hash} ${hex} sha-1 ${hex.slice(0, 59)}`,
    `a=fingerprint:sha-1 ${hex.slice(0, 59)}`
  ]
}

/** Whether the client accepts the fingerprints of this description. */
export function taken (sdp: string): boolean {
  try {
    fingerprintOf(sdp)
    return true
  } catch {
    return false
  }
}
