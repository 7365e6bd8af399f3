import neostandard from 'neostandard'

/** Rules that need types, for what is built. `void` marks a promise that handles its own failure. */
const typed = {
  files: ['src/**/*.ts', 'clients/typescript/src/**/*.ts'],
  languageOptions: { parserOptions: { projectService: true } },
  rules: {
    '@typescript-eslint/no-floating-promises': 'error',
    '@typescript-eslint/no-misused-promises': 'error',
    '@typescript-eslint/await-thenable': 'error'
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
  typed
]
