/**
 * Whether a box with this deadline has expired: it exists up to, but not including, its deadline. Both times
 * are in ms since the epoch.
 */
export function isExpired (deadline: number, now: number): boolean {
  return deadline <= now
}

/**
 * The deadline of a box after a use at `now`. It moves only if that gains more than an eighth of the TTL, so
 * that constant polling does not cause constant writes. A clock set back never shortens it.
 * @param deadline the current deadline, in ms since the epoch
 * @param ttl the idle lifetime in ms
 */
export function renewedDeadline (deadline: number, ttl: number, now: number): number {
  const full = now + ttl
  return full - deadline > ttl / 8 ? full : deadline
}
