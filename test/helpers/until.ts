/** Resolves once the condition holds, however slow the machine is; the test's own timeout ends a wait in vain. */
export async function until (condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => { setTimeout(resolve, 5) })
}
