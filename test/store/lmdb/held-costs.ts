import { diskCosts } from '../../../src/store/cost.js'
import { HELD_KEY } from '../../../src/store/lmdb/holders.js'

/** What counts against a holder: that the box has a holder is on the disk too, and a key is flat. */
export const heldCosts = { ...diskCosts, list: 0, box: diskCosts.box + diskCosts.ownership, key: () => HELD_KEY, room: 0, time: (bytes: number) => diskCosts.message(bytes + 14) - diskCosts.message(bytes) }
