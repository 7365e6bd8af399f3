import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { root } from '../helpers/consumer.js'

/** What the tests use of a service. */
export interface Service {
  environment: Record<string, string>
  image: string
  command?: string[]
  ports?: string[]
}

type Layer = Partial<Service> & { extends?: { file: string, service: string } }

/** Marks a list that replaces the one of the service it extends. Compose would append it otherwise. */
const override = { tag: '!override', collection: 'seq' } as const

/**
 * The services of a file in deploy/, with the variables of somebody's .env. `compose.test.ts` compares what this reads with
 * what Compose does.
 * @throws Error if it needs a variable that is not there
 */
export async function services (file: string, variables: Record<string, string>): Promise<Record<string, Service>> {
  const text = await readFile(join(root, 'deploy', file), 'utf8')
  const complete = text.replaceAll(/\$\{(\w+)(?::\?[^}]*|(:-))?\}/g, (_, name: string, optional?: string) => {
    const value = variables[name] ?? (optional && '')
    if (value === undefined) throw new Error(`${file} needs ${name}`)
    return value
  })
  const layers: Record<string, Layer> = parse(complete, { merge: true, customTags: [override] }).services
  return Object.fromEntries(await Promise.all(Object.entries(layers).map(async ([name, { extends: base, ...layer }]) => {
    const lower = base && (await services(base.file, variables))[base.service]
    return [name, { ...lower, ...layer, environment: { ...lower?.environment, ...layer.environment } }]
  })))
}
