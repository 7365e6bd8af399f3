import t from 'tap'
import { BoxError, dataOf, ResponseTooLargeError } from '../../clients/typescript/src/http.js'
import { createTimings, defaultTimings, backoffDelay, isTransient, retry } from '../../clients/typescript/src/retry.js'

const { minDelay, maxDelay } = defaultTimings

t.test('backoff doubles with every failure up to a limit, with jitter', async t => {
  for (let failures = 1; failures < 2000; failures++) {
    const most = Math.min(minDelay * 2 ** (failures - 1), maxDelay)
    const delay = backoffDelay(failures, undefined, defaultTimings)
    if (delay < most / 2 || delay > most) t.fail(`${delay} after ${failures} failures`)
  }
  const delays = new Set(Array.from({ length: 20 }, () => backoffDelay(3, undefined, defaultTimings)))
  t.ok(delays.size > 15)
})

/** The error that an answer with this Retry-After makes. */
async function errorOf (value: string): Promise<BoxError> {
  const response = new Response(null, { status: 429, headers: { 'Retry-After': value } })
  return await dataOf(Promise.resolve({ response })).then(() => t.fail(), error => error)
}

t.test('Retry-After, in seconds or as a date, is added to the backoff', async t => {
  t.equal((await errorOf('7')).retryAfter, 7000)
  t.equal((await errorOf('0')).retryAfter, 0)
  const date = (await errorOf(new Date(Date.now() + 60_000).toUTCString())).retryAfter
  t.ok(date > 58_000 && date <= 60_000, `${date} ms`)
  t.equal((await errorOf('Wed, 21 Oct 2015 07:28:00 GMT')).retryAfter, 0, 'a date in the past')
  t.equal((await errorOf('soon')).retryAfter, 0)
  t.equal((await errorOf('99999999999')).retryAfter, 86_400_000, 'a day at most')
  const delay = backoffDelay(1, await errorOf('7'), defaultTimings)
  t.ok(delay >= 7000 + minDelay / 2 && delay <= 7000 + minDelay, `${delay} ms`)
})

t.test('transient failures are retried, and refusals are not', async t => {
  for (const status of [408, 429, 500, 502, 503, 504, 507]) t.ok(isTransient(new BoxError(status, {})), String(status))
  for (const status of [400, 401, 403, 404, 405, 409, 413, 415, 422]) t.notOk(isTransient(new BoxError(status, {})), String(status))
  t.ok(isTransient(new TypeError('fetch failed')), 'no answer')
  t.ok(isTransient(new SyntaxError('Unexpected end of JSON input')), 'half an answer')
  t.notOk(isTransient(new ResponseTooLargeError('The response', 1)), 'more than is accepted')
})

t.test('an error carries what the problem document says', async t => {
  const error = new BoxError(409, { type: '/problems/full', status: 409, code: 'BOX_ERR_FULL', detail: 'The box is full.' })
  t.match(error, { name: 'BoxError', message: 'The box is full.', detail: 'The box is full.', code: 'BOX_ERR_FULL', status: 409 })
  for (const body of ['<html>', '', null, undefined, 7, { code: 1, detail: {} }]) {
    t.match(new BoxError(502, body), { message: 'The server responded unexpectedly, with status 502.', code: undefined, status: 502 })
  }
})

t.test('creating a box does not wait for a long Retry-After', async t => {
  let requests = 0
  const refuse = async (): Promise<never> => {
    requests++
    return await errorOf('60').then(error => { throw error })
  }
  await t.rejects(retry(createTimings, refuse), { name: 'BoxError', retryAfter: 60_000 })
  t.equal(requests, 1)
})
