let end: Promise<void> | undefined

/**
 * Resolves when all requests that have come in by now are worked on. Answers that wait for it are
 * written together: the other side is woken once for all of them instead of once for each, which
 * under load is a good part of what an answer costs.
 */
export function endOfTurn (): Promise<void> {
  end ??= new Promise(resolve => {
    setImmediate(() => {
      end = undefined
      resolve()
    })
  })
  return end
}
