/** The lines of a stream. `node:readline` would also end them at U+2028, which JSON text may hold. */
export async function * lines (stream) {
  let rest = ''
  for await (const chunk of stream.setEncoding('utf8')) {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop()
    yield * parts
  }
}
