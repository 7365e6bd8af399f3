import t from 'tap'
import { Devices } from '../../../src/web/media/devices.js'

const device = (kind: string, deviceId: string, label: string) => ({ kind, deviceId, label })

t.test('a chosen device is known by its id, else by its name, and otherwise missing', async t => {
  let all = [device('videoinput', '', '')]
  t.intercept(globalThis, 'navigator', { value: { mediaDevices: { addEventListener () {}, enumerateDevices: async () => all } } })
  let changes = 0
  const devices = new Devices(() => { changes++ }, () => {})
  const chosen = { id: '1', label: 'Desk' }
  await devices.refresh()
  t.same([devices.of('video'), devices.any('video'), devices.any('audio')], [[], true, false])
  t.equal(devices.idOf('video', chosen), '1', 'nobody knows before they have names')
  all = [device('videoinput', '7', 'Lid'), device('videoinput', '8', 'Desk'), device('audioinput', '1', 'Desk')]
  await devices.refresh()
  t.equal(devices.idOf('video', chosen), '8')
  t.equal(devices.idOf('video', { id: '7', label: 'Desk' }), '7')
  t.equal(devices.idOf('video', { id: '1', label: 'Roof' }), '')
  t.equal(devices.idOf('video', undefined), '')
  t.equal(changes, 2)
})
