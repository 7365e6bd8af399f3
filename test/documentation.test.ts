import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { root } from './helpers/consumer.js'

const entries = ['src/index.ts', 'src/compat/peerjs/index.ts', 'src/compat/y-webrtc/index.ts', 'clients/typescript/src/index.ts', 'clients/typescript/src/room/index.ts', 'clients/typescript/src/shared/index.ts', 'clients/typescript/src/webrtc/index.ts'].map(name => join(root, name))
const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
const program = ts.createProgram(entries, ts.parseJsonConfigFileContent(config, ts.sys, root).options)
const checker = program.getTypeChecker()

/** The members of what a package exports by a name that ends in Options, as an editor shows them. */
function membersOf (entry: string): { name: string, says: string, tags: string[] }[] {
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!
  return checker.getExportsOfModule(module).filter(({ name }) => name.endsWith('Options')).flatMap(symbol => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    return checker.getDeclaredTypeOfSymbol(target).getProperties().map(member => ({
      name: `${symbol.name}.${member.name}`,
      says: ts.displayPartsToString(member.getDocumentationComment(checker)),
      tags: member.getJsDocTags(checker).map(({ name, text }) => `${name} ${ts.displayPartsToString(text)}`)
    }))
  })
}

t.test('editors show documentation for each option', async t => {
  const members = entries.flatMap(membersOf)
  t.same(members.filter(({ says }) => says === '').map(({ name }) => name), [])
  t.strictSame(members.find(({ name }) => name === 'BoxPluginOptions.maxWait')?.tags, ['default 25'])
  t.ok(members.length > 30)
})

/** The code blocks of a page, in any list. @throws Error if one is not closed, or holds a fence */
function codeBlocks (page: string): { language: string, code: string }[] {
  const blocks = []
  let open: { language: string, code: string } | undefined
  for (const line of page.split('\n')) {
    const language = /^ *```(\w*)(?: [^`]*)?$/.exec(line)?.[1]
    if (language === undefined) {
      if (line.includes('```')) throw new Error(`A fence within a line: ${line}`)
      if (open !== undefined) open.code += `${line}\n`
    } else if (open === undefined) {
      open = { language, code: '' }
    } else {
      if (language !== '') throw new Error(`A fence within a block: ${line}`)
      blocks.push(open)
      open = undefined
    }
  }
  if (open !== undefined) throw new Error(`A block is not closed: ${open.code}`)
  return blocks
}

t.test('the code blocks of every page are closed, and their JSON parses', async t => {
  const pages = ['.', 'docs', 'clients/typescript', 'examples'].map(async folder =>
    (await readdir(join(root, folder))).filter(name => name.endsWith('.md')).map(name => join(root, folder, name)))
  let parsed = 0
  for (const page of (await Promise.all(pages)).flat()) {
    for (const { language, code } of codeBlocks(await readFile(page, 'utf8'))) {
      if (language !== 'json') continue
      t.doesNotThrow(() => JSON.parse(code), `${page}: ${code}`)
      parsed++
    }
  }
  t.ok(parsed >= 3)
})
