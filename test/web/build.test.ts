import t from 'tap'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { buildPage } from '../helpers/call-page.js'

t.test('the built page is small, complete and self-contained', async t => {
  const { directory, said } = await buildPage(t)
  t.match(said, /is \d+\.\d kB compressed; the limit is 60 kB/)
  const files = await readdir(directory)
  const names = files.filter(name => !name.endsWith('.br'))
  const page = await readFile(join(directory, 'index.html'), 'utf8')

  const named = [...page.matchAll(/(?:src|href)="([^#"]+)"/g)].map(([, name]) => name!).filter(name => name !== 'docs')
  t.same(named.sort(), names.filter(name => name !== 'index.html').sort(), 'index.html names all of its files and no others')
  for (const name of named) t.match(name, /^[a-z]+-[A-Z0-9]{8}\.(?:js|css|svg|png)$/)

  t.notMatch(page, /<script(?![^>]* src=)|<style|\sstyle=|\son\w+=/, 'nothing in it that a strict policy forbids')
  for (const name of names.filter(name => !name.endsWith('.png'))) {
    const text = await readFile(join(directory, name), 'utf8')
    t.equal(String(brotliDecompressSync(await readFile(join(directory, `${name}.br`)))), text)
    const addresses = [...text.matchAll(/https?:\/\/[a-z0-9][^\s"'`)]*/gi)].map(([address]) => address)
    t.same(addresses.filter(address => address !== 'http://www.w3.org/2000/svg'), [], `${name} names no other place`)
  }
})
