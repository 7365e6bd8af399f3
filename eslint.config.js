import neostandard from 'neostandard'

/**
 * Dependencies flow one way: server → plugin → http → box → store. The client knows only the
 * contract, and the page only the client.
 */
const above = {
  store: ['box', 'http', 'server', 'web', 'plugin', 'options', 'index'],
  box: ['http', 'server', 'web', 'plugin', 'options', 'index'],
  http: ['server', 'web', 'plugin', 'index'],
  server: ['web'],
  web: ['box', 'http', 'store', 'server', 'plugin', 'options', 'errors', 'index']
}

const client = { regex: '^signalbox-client|clients/', message: 'The server does not need its client.' }
const browser = { regex: '(?:^|/)src/|^fastify|^node:', message: 'The client runs in browsers, and knows only the contract.' }
const calls = { regex: '^\\./webrtc/', message: 'Calls stand on the client, not the other way round.' }

// A later entry replaces an earlier one for the same file, so each names all that holds there.
const imports = [
  restrict('src/**', client),
  ...Object.entries(above).map(([layer, folders]) => {
    const upward = { regex: `^(?:\\.\\./)+(?:${folders.join('|')})(?:/|\\.js$)`, message: 'Dependencies flow one way.' }
    return restrict(`src/${layer}/**`, ...layer === 'web' ? [upward] : [upward, client])
  }),
  restrict('clients/typescript/src/**', browser),
  restrict('clients/typescript/src/*.ts', browser, calls)
]

function restrict (files, ...patterns) {
  return { files: [files], rules: { 'no-restricted-imports': ['error', { patterns }] } }
}

const pluginOnly = {
  files: ['src/http/**', 'src/box/**'],
  rules: {
    'no-restricted-syntax': ['error', {
      selector: 'ImportDeclaration[source.value=/store\\u002F(memory|lmdb|redis)/]', message: 'Only the plugin and the server name a store.'
    }]
  }
}

export default [
  ...neostandard({ ts: true, ignores: ['dist/', 'clients/*/dist/', 'generated/', 'node_modules/', '.tap/'] }),
  {
    rules: {
      // A schema and the type made from it share their name.
      'no-redeclare': 'off',
      '@typescript-eslint/no-redeclare': 'off',
      'no-void': ['error', { allowAsStatement: true }]
    }
  },
  ...imports,
  pluginOnly
]
