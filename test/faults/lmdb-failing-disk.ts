/**
 * One writer on a store whose disk the tracer lets fail. Prints one line of JSON per event; the
 * text is `"n"`, and after a failure it goes on with the next, as callers would.
 */
import { lmdbStore } from '../../src/store/lmdb/lmdb-store.js'
import { limits, message } from '../../src/store/contract/boxes.js'

const [path, drop, appends, deadline] = process.argv.slice(2) as [string, string, string, string]
const say = (line: object): void => { process.stdout.write(`${JSON.stringify(line)}\n`) }
const codeOf = (error: { code: string }): string => error.code

process.on('unhandledRejection', reason => { say({ unheard: String(reason) }) })

const store = await lmdbStore({ path, deadline: Number(deadline), onFailure: error => say({ failure: String(error.cause) }) })
for (let n = 1; n <= Number(appends); n++) {
  const seen = await store.append(drop, message(`"${n}"`), Date.now(), limits).then(({ seq }) => ({ stored: n, seq }), error => ({ refused: n, code: codeOf(error) }))
  say(seen)
}
say({ check: await store.check().then(() => 'serving', codeOf) })
say({ read: await store.read(drop, 0, 1000, Date.now()).then(({ texts }) => texts, codeOf) })
await store.close()
say({ closed: true })
