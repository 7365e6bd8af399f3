export const JSON_TYPE = 'application/json; charset=utf-8'

declare const VALUE: unique symbol

/** The JSON text of a value of this type. */
export type JsonText<T> = string & { readonly [VALUE]: T }

/** The same as bytes of UTF-8. */
export type JsonBytes<T> = Buffer & { readonly [VALUE]: T }

export type Json<T> = JsonText<T> | JsonBytes<T>

export function serialize<T> (value: T): JsonText<T> {
  return JSON.stringify(value) as JsonText<T>
}
