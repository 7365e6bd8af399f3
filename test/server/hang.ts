/** Keeps the event loop from anything else, and then lets it measure that. */
export async function hang (): Promise<void> {
  const until = Date.now() + 1_200
  while (Date.now() < until) { /* nothing else runs */ }
  await new Promise(resolve => setTimeout(resolve, 1))
}
