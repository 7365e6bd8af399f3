let end: Promise<void> | undefined

/**
 * Resolves when all that has come in by now is worked on. What is written to sockets after it is
 * written together: the other side is woken once for all of it instead of once for each, which
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
