let end: Promise<void> | undefined

/**
 * Resolves when all input received so far has been processed. What is written to sockets after that is
 * written together, so that the other side is woken once for all of it instead of once for each write. Under
 * load, these wake-ups are much of the cost of a response.
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

let last: Promise<void> = Promise.resolve()

/** Resolves in a turn of the event loop that no other caller gets, so that whatever else is waiting comes in between. */
export function ownTurn (): Promise<void> {
  last = last.then(() => new Promise(resolve => { setImmediate(resolve) }))
  return last
}
