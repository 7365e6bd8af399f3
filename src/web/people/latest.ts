/**
 * Takes the latest of many values: the first at once, then one every so often. So nobody can keep the page busy
 * by saying something new all the time.
 */
export function latest<T> (every: number, take: (value: T) => void): (value: T) => void {
  let waiting: { value: T } | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const turn = (): void => {
    timer = undefined
    if (waiting === undefined) return
    const { value } = waiting
    waiting = undefined
    timer = setTimeout(turn, every)
    take(value)
  }
  return value => {
    waiting = { value }
    if (timer === undefined) turn()
  }
}
