import { fromBase64, type Bytes } from '../bytes.js'
import { CallError } from './errors.js'

/**
 * Compares the certificates in use with the agreed fingerprints. The standard requires every implementation to
 * do so, but some do not, and with them the codes would match even with someone in the middle.
 * @returns whether the comparison was made: here, or by a browser that exposes no certificates
 * @throws CallError `CALL_ERR_FINGERPRINT` if a certificate has another fingerprint
 */
export async function verifyCertificates (connection: RTCPeerConnection, fingerprints: string): Promise<boolean> {
  if (isWerift(connection)) return false
  const agreed = fingerprints.split(',')
  const certificates = await certificatesOf(connection)
  for (const certificate of certificates) {
    if (!await matches(certificate, agreed)) throw new CallError('CALL_ERR_FINGERPRINT')
  }
  return certificates.length > 0 || isBuiltIn(connection)
}

async function matches (certificate: Bytes, agreed: string[]): Promise<boolean> {
  for (const fingerprint of agreed) {
    const [hash = '', value] = fingerprint.split(' ')
    const digest = new Uint8Array(await crypto.subtle.digest(hash, certificate))
    if (Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join(':').toUpperCase() === value) return true
  }
  return false
}

/**
 * The other side's certificates, in DER: one for each transport, of which there may be more than one if media
 * is not bundled. Never a fingerprint alone, which may merely repeat the description.
 */
async function certificatesOf (connection: Partial<RTCPeerConnection>): Promise<Bytes[]> {
  const report = await connection.getStats?.().catch(() => {})
  const certificates: Bytes[] = []
  report?.forEach(({ type, remoteCertificateId }: { type: string, remoteCertificateId?: string }) => {
    if (type !== 'transport' || remoteCertificateId === undefined) return
    const { base64Certificate = '' } = Object(report.get(remoteCertificateId)) as { base64Certificate?: string }
    const certificate = fromBase64(base64Certificate)
    if (certificate?.length) certificates.push(certificate)
  })
  if (certificates.length > 0) return certificates
  // In a chain, the first is the other side's own. Firefox exposes none, and node-datachannel only an empty
  // certificate.
  const [first] = (connection.sctp?.transport as Partial<RTCDtlsTransport> | undefined)?.getRemoteCertificates?.() ?? []
  return first?.byteLength ? [new Uint8Array(first)] : []
}

/**
 * As of 0.25, werift does not check the signature by which the other side proves that a certificate is its own.
 * Someone in the middle can show each side the other's certificate.
 */
function isWerift (connection: RTCPeerConnection): boolean {
  return 'iceConnectionStateChange' in connection
}

/** Browsers verify as the standard says. In Node, Deno and Bun, a global RTCPeerConnection comes from a package, which may not. */
function isBuiltIn (connection: RTCPeerConnection): boolean {
  const RTCPeerConnection = builtInClass()
  return RTCPeerConnection !== undefined && connection instanceof RTCPeerConnection
}

/** The browser's own class; undefined elsewhere. */
export function builtInClass () {
  const { process, RTCPeerConnection } = globalThis as { process?: { versions?: { node?: string } }, RTCPeerConnection?: typeof globalThis.RTCPeerConnection }
  return process?.versions?.node === undefined ? RTCPeerConnection : undefined
}
