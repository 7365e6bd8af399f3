/** Whether a box with this deadline is gone: its last millisecond is the one before. */
export function isExpired (deadline: number, now: number): boolean {
  return deadline <= now
}

/**
 * The deadline after a use at `now`. It moves only when it would move by more than an
 * eighth of the TTL, so that a box that is polled all the time is not written all the time.
 * A clock that jumped back never shortens it.
 */
export function renewedDeadline (deadline: number, ttl: number, now: number): number {
  const full = now + ttl
  return full - deadline > ttl / 8 ? full : deadline
}
