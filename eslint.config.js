import neostandard from 'neostandard'

/**
 * Dependencies flow one way: server → plugin → http → box → store; client and webrtc know only
 * the contract; the page knows webrtc.
 */
const layers = {
  store: ['box', 'http', 'client', 'webrtc', 'server', 'web', 'plugin', 'options', 'index'],
  box: ['http', 'client', 'webrtc', 'server', 'web', 'plugin', 'options', 'index'],
  http: ['client', 'webrtc', 'server', 'web', 'plugin', 'index'],
  client: ['box', 'http', 'store', 'webrtc', 'server', 'web', 'plugin', 'options', 'errors', 'index'],
  webrtc: ['box', 'http', 'store', 'server', 'web', 'plugin', 'options', 'index'],
  web: ['box', 'http', 'store', 'server', 'plugin', 'options', 'errors', 'index'],
  server: ['webrtc', 'web', 'client']
}

const oneWay = Object.entries(layers).map(([layer, above]) => ({
  files: [`src/${layer}/**`],
  rules: {
    'no-restricted-imports': ['error', {
      patterns: [{ regex: `^\\.\\./(?:${above.join('|')})(?:/|\\.js$)`, message: 'Dependencies flow one way.' }]
    }]
  }
}))

const pluginOnly = {
  files: ['src/http/**', 'src/box/**'],
  rules: {
    'no-restricted-syntax': ['error', {
      selector: 'ImportDeclaration[source.value=/store\\u002F(memory|lmdb|redis)/]', message: 'Only the plugin and the server name a store.'
    }]
  }
}

export default [
  ...neostandard({ ts: true, ignores: ['dist/', 'generated/', 'node_modules/', '.tap/'] }),
  {
    rules: {
      // A schema and the type made from it share their name.
      'no-redeclare': 'off',
      '@typescript-eslint/no-redeclare': 'off',
      'no-void': ['error', { allowAsStatement: true }]
    }
  },
  ...oneWay,
  pluginOnly
]
