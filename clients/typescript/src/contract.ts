/** The contract as types: generated, and put beside the compiled client by its build. */
export type { components, operations, paths } from './schema.js'
export type { BoxErrorCode } from './error-codes.js'
