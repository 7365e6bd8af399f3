import { join } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { root } from './helpers/consumer.js'

const entries = ['src/index.ts', 'clients/typescript/src/index.ts', 'clients/typescript/src/webrtc/index.ts'].map(name => join(root, name))
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
