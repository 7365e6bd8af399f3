/**
 * The contract in the form that every client generator takes: OpenAPI 3.0 with one media type
 * for each body and each answer. It says the same in fewer words and is made anew each time.
 *
 * - A message is sent as JSON; as a text it would be a second method for the same thing.
 * - Reads answer JSON; the event stream and its header are for an HTTP client, see the READMEs.
 * - Every error is one `default` answer with a Problem, so that all of them have one type, and
 *   also those that no operation lists (405, 408, 414 …) arrive as it.
 * - Patterns and bounds are the server's to check: in clients they become types of their own.
 * - A message is any JSON value, for which each language has a type already.
 *
 * @param {object} contract openapi/openapi.json; not changed
 * @param {string[]} errors the statuses the problem is listed under; `4XX` and `5XX` for a generator without `default`
 * @returns {object}
 */
export function clientContract (contract, errors = ['default']) {
  const { openapi: _, info: { license, ...info }, ...rest } = plainTypes(contract)
  for (const path of Object.values(rest.paths)) {
    for (const operation of Object.values(path)) simplify(operation, errors)
  }
  delete rest.components.schemas.Message
  return { openapi: '3.0.3', info: { ...info, license: { name: license.name } }, ...rest }
}

const CHECKS = ['pattern', 'minimum', 'maximum']

function plainTypes (node) {
  if (Array.isArray(node)) return node.map(plainTypes)
  if (typeof node !== 'object' || node === null) return node
  if (node.$ref === '#/components/schemas/Message') return { description: 'Any JSON value.' }
  return Object.fromEntries(Object.entries(node)
    .filter(([key]) => !('type' in node && CHECKS.includes(key)))
    .map(([key, value]) => [key, key === 'example' ? value : plainTypes(value)]))
}

function simplify (operation, errors) {
  if (operation.requestBody !== undefined) keepJson(operation.requestBody)
  operation.parameters = operation.parameters?.filter(({ name }) => name.toLowerCase() !== 'last-event-id')
  const answers = Object.entries(operation.responses)
  const good = answers.filter(([status]) => status.startsWith('2'))
  for (const [, answer] of good) if (answer.content !== undefined) keepJson(answer)
  const problem = answers.find(([status]) => !status.startsWith('2'))[1].content['application/problem+json']
  const failed = { description: 'What went wrong and what to do next.', content: { 'application/json': problem } }
  operation.responses = Object.fromEntries([...good, ...errors.map(status => [status, failed])])
}

function keepJson (part) {
  part.content = { 'application/json': part.content['application/json'] }
}
