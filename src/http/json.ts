export const JSON_TYPE = 'application/json; charset=utf-8'

declare const VALUE: unique symbol

/** The JSON text of a value of this type. */
export type JsonText<T> = string & { readonly [VALUE]: T }

export function serialize<T> (value: T): JsonText<T> {
  return JSON.stringify(value) as JsonText<T>
}
