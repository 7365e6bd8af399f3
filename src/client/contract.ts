/**
 * The contract as types. The path is the same from `src/client` and from `dist/client`,
 * and a declaration file is not compiled, so the package holds it where it was generated.
 */
export type { components, operations, paths } from '../../generated/typescript/schema.js'
export type { BoxErrorCode } from '../../generated/typescript/error-codes.js'
