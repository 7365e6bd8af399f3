/** Where data outlasts the page; undefined if the browser blocks it. */
export type PageStorage = Pick<Storage, 'getItem' | 'setItem'> | undefined

const KEY = 'signalbox'

/** This origin's storage in the browser, or in the tab only. Reading the property throws if the browser blocks it. */
export function storageOf (name: 'localStorage' | 'sessionStorage'): PageStorage {
  try {
    return globalThis[name]
  } catch {
    return undefined
  }
}

/** What was saved, or nothing. It may hold anything. */
export function load (storage: PageStorage): Record<string, unknown> {
  try {
    return Object(JSON.parse(storage?.getItem(KEY) ?? '{}'))
  } catch {
    return {}
  }
}

/** If the storage is full or blocked, the data lasts as long as the page. */
export function save (storage: PageStorage, data: object): void {
  try {
    storage?.setItem(KEY, JSON.stringify(data))
  } catch {}
}
