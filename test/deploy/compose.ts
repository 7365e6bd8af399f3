import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { root } from '../helpers/consumer.js'

interface Service {
  environment: Record<string, string>
}

/**
 * The services of a file in deploy/, with the variables of somebody's .env.
 * @throws Error if it needs a variable that is not there
 */
export async function services (file: string, variables: Record<string, string>): Promise<Record<string, Service>> {
  const text = await readFile(join(root, 'deploy', file), 'utf8')
  const complete = text.replaceAll(/\$\{(\w+)(?::\?[^}]*|(:-))?\}/g, (_, name: string, optional?: string) => {
    const value = variables[name] ?? (optional && '')
    if (value === undefined) throw new Error(`${file} needs ${name}`)
    return value
  })
  return parse(complete, { merge: true }).services
}
