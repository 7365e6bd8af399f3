/** Calls a listener of the caller. An error in it, now or later, is the caller's own, and must not end anything here. */
export function notify<T extends unknown[]> (listener: ((...values: T) => unknown) | undefined, ...values: T): void {
  const call = async () => { await listener?.(...values) }
  void call().catch(console.error)
}
