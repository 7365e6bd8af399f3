import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../helpers/consumer.js'
import { serve } from '../server/serve.js'

interface Dashboard { panels: Array<{ title: string, description: string, targets: Array<{ expr: string }> }> }

const { panels } = JSON.parse(await readFile(join(root, 'deploy/grafana-dashboard.json'), 'utf8')) as Dashboard

/** Each label of each line that is served for a metric, with its value. */
function labelsOf (served: string, metric: string): string[][] {
  return served.split('\n').filter(line => line.startsWith(`${metric} `) || line.startsWith(`${metric}{`))
    .map(line => [...line.matchAll(/(\w+)="([^"]*)"/g)].map(([pair]) => pair))
}

t.test('the Grafana dashboard asks for what the server measures', async t => {
  const { app } = await serve(t)
  const box = (await app.inject({ method: 'POST', url: '/boxes' })).json().data
  await app.inject({ method: 'POST', url: `/boxes/${box}/messages`, payload: { text: 'hello' } })
  const served = (await app.inject('/metrics')).body

  t.ok(panels.length > 5)
  for (const { title, description, targets } of panels) {
    t.ok(description, `${title} is explained`)
    t.ok(targets.length > 0, `${title} shows something`)
    for (const { expr } of targets) {
      const lines = [...expr.matchAll(/(\w+)\{(.*?)\}/g)].map(([, metric = '', selector = '']) => {
        const lines = labelsOf(served, metric)
        t.ok(lines.length > 0, `${title}: there is ${metric}`)
        // Prometheus adds the instance.
        const equal = [...selector.matchAll(/\b(?!instance)\w+="[^"]*"/g)].map(([pair]) => pair)
        t.ok(lines.some(line => equal.every(pair => line.includes(pair))), `${title}: there is ${selector}`)
        const names = [...selector.matchAll(/\b(?!instance)(\w+)!?[=~]/g)].map(([, name]) => name)
        for (const name of names) t.ok(lines.some(line => line.some(pair => pair.startsWith(`${name}=`))), `${title}: there is ${name}`)
        return lines
      }).flat()
      for (const name of /\bby \((.*?)\)/.exec(expr)?.[1]?.split(', ') ?? []) {
        t.ok(lines.some(line => line.some(pair => pair.startsWith(`${name}=`))), `${title}: there is ${name}`)
      }
    }
  }
})
