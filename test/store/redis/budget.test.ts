import t from 'tap'
import { endOfTurn } from '../../../src/end-of-turn.js'
import { Budget } from '../../../src/store/redis/budget.js'

t.test('users pass in their order, as long as they fit, and one that never fits passes alone', async t => {
  const budget = new Budget(10)
  const passed: number[] = []
  const giveBack: Array<() => void> = []
  const sizes = [6, 4, 5, 1, 100, 1]
  for (const [user, bytes] of sizes.entries()) {
    void budget.take(bytes, 60_000).then(free => {
      passed.push(user)
      giveBack[user] = free
    })
  }
  const passedAfter = async (user?: number): Promise<number[]> => {
    if (user !== undefined) giveBack[user]?.()
    await endOfTurn()
    return passed
  }
  t.same(await passedAfter(), [0, 1])
  t.same(await passedAfter(1), [0, 1], 'the third is still too large, and the fourth comes after it')
  t.same(await passedAfter(0), [0, 1, 2, 3])
  t.same(await passedAfter(2), [0, 1, 2, 3])
  t.same(await passedAfter(3), [0, 1, 2, 3, 4])
  t.same(await passedAfter(4), [0, 1, 2, 3, 4, 5])
})

t.test('whoever waits too long is refused, and keeps nobody waiting', async t => {
  const budget = new Budget(10)
  const giveBack = await budget.take(6, 60_000)
  const refused = budget.take(5, 1)
  const passed = budget.take(4, 60_000)
  await t.rejects(refused, { code: 'BOX_ERR_BUSY' })
  ;(await passed)()
  giveBack()
  ;(await budget.take(10, 60_000))()
})
