// Whether a series rises, or only goes up and down.

/** Two standard errors: a series that does not rise is taken for one that does about once in forty runs. */
const ERRORS = 2

/**
 * The least of each stretch of time: garbage waiting to be collected, and what happens to be open, come and go above it,
 * and a leak raises it.
 * @param {{ time: number, value: number }[]} points
 * @param {number} stretch in the unit of `time`
 */
export function floors (points, stretch) {
  const least = new Map()
  for (const point of points) {
    const n = Math.floor(point.time / stretch)
    if (!least.has(n) || point.value < least.get(n).value) least.set(n, point)
  }
  return [...least.values()]
}

/**
 * The slope of a line by least squares, which several lives of a process have in common, each with a level of its own.
 * Points that follow one another are alike, so the standard error is raised by their correlation.
 * @param {{ time: number, value: number }[][]} lives
 */
export function slopeOf (lives) {
  const centered = lives.filter(({ length }) => length > 1).map(points => {
    const mean = of => points.reduce((sum, point) => sum + point[of], 0) / points.length
    const [time, value] = [mean('time'), mean('value')]
    return points.map(point => ({ x: point.time - time, y: point.value - value }))
  })
  const all = centered.flat()
  const sum = of => all.reduce((sum, point) => sum + of(point), 0)
  const spread = sum(({ x }) => x * x)
  const slope = sum(({ x, y }) => x * y) / spread
  const residuals = centered.map(points => points.map(({ x, y }) => y - slope * x))
  const squares = residuals.flat().reduce((sum, r) => sum + r * r, 0)
  const free = all.length - centered.length - 1
  const neighbours = residuals.flatMap(life => life.slice(1).map((r, i) => r * life[i]))
  const correlation = squares === 0 ? 0 : Math.min(0.9, Math.max(0, neighbours.reduce((sum, product) => sum + product, 0) / squares))
  const error = Math.sqrt(squares / free / spread * (1 + correlation) / (1 - correlation))
  return { slope, error, points: all.length }
}

/** Whether the slope is above the bound by more than chance explains. */
export function drifts ({ slope, error }, bound) {
  return slope - ERRORS * error > bound
}
