import t from 'tap'
import { errorOf, errorTable, NotFoundError, StoreError } from '../src/errors.js'

t.test('each code has its own error class', async t => {
  const cause = new Error('why')
  const error = errorOf('BOX_ERR_STORE', cause)
  t.ok(error instanceof StoreError)
  t.notOk(error instanceof NotFoundError)
  t.equal(error.cause, cause)
})

t.test('every code has an error with its status and detail', async t => {
  for (const { code, status } of errorTable) t.match(errorOf(code), { code, statusCode: status, message: /\.$/ })
})
