/** Opens the stores it is told, one after the other, and answers what their boxes hold. A broken one may crash it. */
import { lmdbStore } from '../../src/store/lmdb/lmdb-store.js'

process.on('message', ({ path, boxes }: { path: string, boxes: string[] }) => {
  void look(path, boxes).then(pages => process.send?.(pages), error => process.send?.(String(error)))
})

async function look (path: string, boxes: string[]): Promise<unknown> {
  const store = await lmdbStore({ path })
  const pages = []
  for (const drop of boxes) pages.push(await store.read(drop, 0, 1e9, Date.now()))
  await store.close()
  return pages
}
