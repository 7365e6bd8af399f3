import t from 'tap'
import { readFile } from 'node:fs/promises'

const css = await readFile(new URL('../../src/web/styles/base.css', import.meta.url), 'utf8')
const [light = ''] = css.split('@media (prefers-color-scheme: dark)')

/** The colours by name. The last declaration counts, and may name another colour. */
function coloursOf (rules: string): Map<string, string> {
  const colours = new Map([...rules.matchAll(/--([a-z-]+): (#[\da-f]{6}|var\(--[a-z-]+\))/g)].map(([, name = '', value = '']) => [name, value]))
  for (const [name, value] of colours) {
    const [, other] = /^var\(--(.+)\)$/.exec(value) ?? []
    if (other !== undefined) colours.set(name, colours.get(other)!)
  }
  return colours
}

/** Relative luminance, as WCAG 2.2 defines it. */
function luminance (colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map(at => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast (a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

for (const [scheme, rules] of [['light', light], ['dark', css]] as const) {
  t.test(`text and controls can be told from what is behind them when it is ${scheme}`, async t => {
    const colours = coloursOf(rules)
    const check = (front: string, behind: string, least: number) => {
      const ratio = contrast(colours.get(front)!, colours.get(behind)!)
      t.ok(ratio >= least, `${front} on ${behind}: ${ratio.toFixed(2)} of ${least}`)
    }
    for (const [front, behind] of [
      ['ink', 'paper'], ['ink', 'card'], ['ink', 'edge'], ['soft', 'paper'], ['soft', 'card'], ['accent', 'edge'],
      ['on-accent', 'accent'], ['on-accent', 'accent-pressed'], ['on-danger', 'danger'], ['danger', 'card'], ['on-stage', 'stage']
    ] as const) check(front, behind, 4.5)
    for (const [front, behind] of [['edge-strong', 'paper'], ['edge-strong', 'card'], ['accent', 'paper'], ['amber', 'paper'], ['accent-on-stage', 'stage']] as const) check(front, behind, 3)
  })
}
