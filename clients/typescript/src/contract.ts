/** The contract as generated types, which the build copies next to the compiled client. */
export type { components, operations, paths } from './schema.js'
export type { BoxErrorCode } from './error-codes.js'
