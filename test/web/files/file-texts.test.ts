import t from 'tap'
import type { Reason } from '../../../src/web/files/file-messages.js'
import { Pace } from '../../../src/web/files/pace.js'
import { safeName } from '../../../src/web/files/file-name.js'
import { announcementOf, sizeText, timeText, transferText } from '../../../src/web/files/file-texts.js'

t.test('a name is shown and saved without what deceives or harms', async t => {
  const cases = {
    'holiday photos.zip': 'holiday photos.zip',
    'Ünïcode 日本 🎉.txt': 'Ünïcode 日本 🎉.txt',
    '../../etc/passwd': '_.._etc_passwd',
    'C:\\Windows\\x.dll': 'C__Windows_x.dll',
    'photo\u202Egnp.exe': 'photognp.exe',
    'a\u200b\u200d\u0000b\n\tc': 'ab c',
    'invoice.pdf                                  .exe': 'invoice.pdf .exe',
    '.bashrc': 'bashrc',
    '...': 'file',
    '': 'file',
    'name. ': 'name',
    CON: '_CON',
    'nul.txt': '_nul.txt',
    'console.log': 'console.log',
    'x\ud800y': 'xy',
    '<b>"a"|?*': '_b__a____'
  }
  for (const [name, safe] of Object.entries(cases)) t.equal(safeName(name), safe, JSON.stringify(name))
  t.equal(safeName(`invoice.pdf${'\u2800'.repeat(59)}.exe`), 'invoice.pdf.exe')
  t.equal(safeName('\u2800\ufe0f'), 'file')
  t.equal(safeName(`a${'\u0301\u200d'.repeat(50)}.txt`), `a${'\u0301'.repeat(4)}.txt`, 'marks do not pile up')
  const long = safeName(`${'🎉'.repeat(120)}.tar.gz`)
  t.equal([...long].length, 101)
  t.match(long, /^🎉+…🎉+\.tar\.gz$/u, 'its end is kept')
  t.equal(safeName(long), long)
})

t.test('sizes and times are said in plain words', async t => {
  t.same([0, 1, 999, 1000, 9_940, 99_400, 999_499, 999_500, 1_073_741_824, 5e15].map(sizeText),
    ['0 bytes', '1 byte', '999 bytes', '1.0 kB', '9.9 kB', '99 kB', '999 kB', '1.0 MB', '1.1 GB', '5000 TB'])
  t.same([0, 9, 12, 54, 59, 100, 3_500, 3_700, 9_000].map(timeText),
    ['a few seconds', 'a few seconds', 'about 10 seconds', 'about 55 seconds', 'about a minute', 'about 2 minutes', 'about 58 minutes', 'about an hour', 'about 3 hours'])
})

t.test('speed and time left are shown once they are known', async t => {
  const transfer = { direction: 'out', wanted: true, state: { name: 'moving' }, size: 80e6, moved: 20e6, link: {} } as const
  t.equal(transferText(transfer), '20 MB of 80 MB')
  t.equal(transferText(transfer, 3e6), '20 MB of 80 MB · 3.0 MB/s · about 20 seconds left')
  t.equal(transferText({ ...transfer, link: undefined }, 3e6), 'Interrupted. It will continue when you are connected again.')
  const pace = new Pace()
  pace.update(0, 0)
  t.equal(pace.rate, undefined)
  pace.update(500, 500)
  t.equal(pace.rate, undefined)
  pace.update(2_000, 1_000)
  t.equal(pace.rate, 2_000)
  pace.update(2_000, 2_000)
  t.equal(Math.round(pace.rate!), 1_400)
  pace.reset()
  t.equal(pace.rate, undefined)
})

t.test('a transfer that has failed says why, whoever says so', async t => {
  const failed = (direction: 'in' | 'out', reason: Reason, wanted: boolean, mine = false) =>
    transferText({ direction, wanted, state: { name: 'failed', reason, mine }, size: 80e6, moved: 0, link: {} })
  t.equal(failed('out', 'stopped', false), 'They declined it')
  t.equal(failed('out', 'stopped', true), 'They cancelled it')
  t.equal(failed('in', 'stopped', true), 'They cancelled it')
  t.equal(failed('out', 'stopped', false, true), 'Cancelled')
  t.equal(failed('out', 'unknown', false), 'Their page was closed or reloaded. Send it again.')
  for (const direction of ['in', 'out'] as const) {
    for (const reason of ['stopped', 'unreadable', 'damaged', 'storage', 'busy', 'unknown'] as const) t.not(failed(direction, reason, true), '', `${direction} ${reason}`)
  }
  t.equal(announcementOf({ name: 'a', direction: 'in', wanted: true, state: { name: 'failed', reason: 'busy', mine: false }, size: 1, moved: 0, link: {} }),
    'a: They cancelled it')
})
