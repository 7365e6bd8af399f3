import t from 'tap'
import { backupRound } from '../faults/backup-rounds.js'

const ROUNDS = 20

t.setTimeout(1_800_000)

t.test(`${ROUNDS} backups under 16 writers, each restored after the store was destroyed`, async t => {
  let acknowledged = 0
  for (let round = 1; round <= ROUNDS; round++) {
    const result = await backupRound(t)
    acknowledged += result.acknowledged
    t.equal(result.lost, 0, `round ${round}: ${result.acknowledged} messages`)
  }
  t.comment({ acknowledged })
})
