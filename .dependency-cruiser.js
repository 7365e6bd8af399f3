/**
 * Which module may import which, types included. Dependencies flow one way, server → plugin → http →
 * box → store, and never in a circle. The client knows only the contract, and the page only the client.
 */

/** Each layer, and what is above it. */
const above = {
  store: ['box', 'host', 'http', 'compat', 'server', 'plugin', 'options', 'index'],
  box: ['host', 'http', 'compat', 'server', 'plugin', 'options', 'index'],
  host: ['http', 'compat', 'server', 'plugin', 'options', 'index'],
  http: ['compat', 'server', 'plugin', 'index'],
  compat: ['server', 'plugin', 'index'],
  server: ['index']
}

const upward = Object.entries(above).map(([layer, names]) => ({
  name: `${layer} imports from above`,
  from: { path: `^src/${layer}/` },
  to: { path: `^src/(?:${names.join('|')})(?:/|\\.ts$)` }
}))

/** Each folder of the page, and those it may import. What joins them, `main.ts` and `page.ts`, is above them all. */
const page = {
  text: [],
  ui: [],
  media: [],
  storage: ['media'],
  files: ['text', 'ui'],
  call: ['files', 'storage', 'media', 'text', 'ui'],
  chat: ['call', 'text', 'ui'],
  devices: ['call', 'storage', 'media', 'ui'],
  people: ['call', 'storage', 'media', 'ui'],
  screens: ['people', 'devices', 'call', 'storage', 'media', 'text', 'ui']
}

const unlisted = Object.entries(page).map(([folder, listed]) => ({
  name: `src/web/${folder} imports a folder that is not listed`,
  from: { path: `^src/web/${folder}/` },
  to: { path: '^src/web/', pathNot: `^src/web/(?:${[folder, ...listed].join('|')})/` }
}))

/** Loaded when asked for, since they may be missing. */
const optional = ['@fastify/swagger-ui', '@fastify/websocket', 'ioredis', 'lmdb']
/** What only the standalone server needs. */
const serverOnly = ['@fastify/helmet', '@fastify/static', 'close-with-grace', 'pino-pretty', 'prom-client']

const npm = names => `(?:^|/)node_modules/(?:${names.join('|')})/`

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'circle', from: {}, to: { circular: true } },
    ...upward,
    ...unlisted,
    {
      name: 'an optional package is loaded before it is asked for',
      from: { path: '^src/' },
      to: { path: npm(optional), dependencyTypesNot: ['type-only', 'type-import', 'dynamic-import'] }
    },
    {
      name: 'the plugin imports what only the server needs',
      from: { path: '^src/', pathNot: '^src/server/' },
      to: { path: npm(serverOnly) }
    },
    {
      name: 'only the plugin and the server choose a store',
      from: { path: '^src/(?:http|compat|box)/', pathNot: '^src/compat/[^/]+/plugin\\.ts$' },
      to: { path: '^src/store/(?:memory|lmdb|redis)' }
    },
    {
      name: 'the server imports the client or the page',
      from: { path: '^src/', pathNot: '^src/web/' },
      to: { path: '^src/web/|(?:^|/)clients/typescript/|(?:^|/)signalbox-client' }
    },
    {
      name: 'the client imports more than the contract',
      from: { path: '^clients/typescript/src/' },
      to: { pathNot: '^clients/typescript/src/|^generated/typescript/|(?:^|/)node_modules/(?:openapi-fetch|@trystero-p2p/core)/|^\\./(?:schema|error-codes)\\.js$' }
    },
    {
      name: 'only the strategy for Trystero imports Trystero',
      from: { path: '^clients/typescript/src/', pathNot: '^clients/typescript/src/trystero/' },
      to: { path: npm(['@trystero-p2p']) }
    },
    {
      name: 'the client imports calls',
      from: { path: '^clients/typescript/src/[^/]+$' },
      to: { path: '^clients/typescript/src/webrtc/' }
    },
    {
      name: 'the page imports more than the client',
      from: { path: '^src/web/' },
      to: { pathNot: '^src/web/|^clients/typescript/dist/|(?:^|/)node_modules/uqr/' }
    }
  ].map(rule => ({ severity: 'error', ...rule })),
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules|/dist/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'default'] }
  }
}
