import t from 'tap'
import type { Locator } from 'playwright-core'
import { servePage, visit } from '../helpers/call-page.js'
import { launch, needsChromium } from '../helpers/chromium.js'

t.test('Swagger UI in Chromium', { skip: await needsChromium() }, async t => {
  const browser = await launch(t)
  const { page, problems, foreign } = await visit(t, browser, `${await servePage(t)}docs`)

  /** Opens an operation as a person does; it is ready to be tried out. */
  const operation = async (id: string): Promise<Locator> => {
    const block = page.locator(`.opblock[id$="${id}"]`)
    await block.locator('.opblock-summary-control').click()
    return block
  }
  const execute = async (block: Locator) => {
    await block.getByRole('button', { name: 'Execute', exact: true }).click()
    const answer = block.locator('.live-responses-table')
    await answer.locator('.highlight-code').first().waitFor()
    const status = await answer.locator('.response-col_status').last().innerText()
    const body = await answer.locator('.highlight-code code').first().innerText()
    return { status: status.trim(), body: JSON.parse(body) as Record<string, unknown> }
  }

  let box = ''
  await t.test('makes a box', async t => {
    const { status, body } = await execute(await operation('createBox'))
    t.equal(status, '201')
    t.match(body, { type: 'created', data: /^box_[\w-]{32}$/, drop: /^drop_[\w-]{32}$/ })
    box = String(body['data'])
  })

  await t.test('stores, reads and drains a message', async t => {
    const inBox = async (id: string, message?: string) => {
      const block = await operation(id)
      await block.getByPlaceholder('box', { exact: true }).fill(box)
      if (message !== undefined) await block.locator('textarea').first().fill(message)
      return await execute(block)
    }
    t.match(await inBox('storeMessage', '{"hello":"box"}'), { status: '200', body: { type: 'ack', data: 1, seq: 1 } })
    t.match(await inBox('readMessages'), { status: '200', body: { type: 'msgs', data: [{ hello: 'box' }], next: 1 } })
    t.match(await inBox('drainMessages'), { status: '200', body: { type: 'msgs', data: [{ hello: 'box' }], next: 1 } })
  })

  t.same({ problems, foreign }, { problems: [], foreign: [] }, 'and asks nobody else')
})
