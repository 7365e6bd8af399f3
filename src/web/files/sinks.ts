import { randomId } from './blocks.js'
import type { Sink } from './incoming-file.js'

/** How many bytes of files may be kept in memory, where a browser has nothing better. */
const MAX_IN_MEMORY = 256 * 1024 * 1024

/** How many bytes of it the accepted files take, whether they have arrived or not. */
let promised = 0

/** How many bytes of the private storage accepted files will still take: what has arrived counts as used. */
let reserved = 0

/** Begins the name of each tab's folder in the browser's private storage, and of the lock that says the tab lives. */
const PREFIX = 'signalbox-files-'

declare global {
  /** In Chromium only: https://wicg.github.io/file-system-access/ */
  var showSaveFilePicker: ((options: { suggestedName: string }) => Promise<FileSystemFileHandle & { remove? (): Promise<void> }>) | undefined
}

/** There is not so much room. */
export class NoRoom extends Error {
  constructor (readonly room: number) { super() }
}

/**
 * Where a file can be stored: where the person wants it, if the browser asks, otherwise in the browser's private
 * storage, otherwise in memory.
 * @returns undefined if the person chose no place
 */
export async function openSink (name: string, size: number): Promise<Sink | undefined> {
  try {
    if (globalThis.showSaveFilePicker !== undefined) return await chosenFile(name)
  } catch (error) {
    if (Object(error).name === 'AbortError') return undefined
  }
  const folder = await privateFolder()
  return folder === undefined ? inMemory(size) : await privateFile(folder, size)
}

/** Removes what tabs that are gone have left. */
export async function removeLeftovers (): Promise<void> {
  try {
    const root = await navigator.storage.getDirectory()
    for await (const name of root.keys()) {
      if (!name.startsWith(PREFIX)) continue
      await navigator.locks.request(name, { ifAvailable: true }, async lock => {
        if (lock !== null) await root.removeEntry(name, { recursive: true })
      })
    }
  } catch {
    // There is no such storage, and so nothing in it.
  }
}

async function chosenFile (name: string): Promise<Sink> {
  const handle = await globalThis.showSaveFilePicker!({ suggestedName: name })
  return await intoFile(handle, true, async () => { await handle.remove?.() })
}

async function privateFile (folder: FileSystemDirectoryHandle, size: number): Promise<Sink> {
  const { quota = Infinity, usage = 0 } = await navigator.storage.estimate()
  const room = Math.max(0, quota - usage - reserved)
  if (size > room) throw new NoRoom(room)
  reserved += size
  let missing = size
  const release = (bytes: number) => {
    reserved -= bytes
    missing -= bytes
  }
  const name = randomId()
  try {
    const sink = await intoFile(await folder.getFileHandle(name, { create: true }), false, () => folder.removeEntry(name))
    return {
      ...sink,
      async write (bytes) {
        await sink.write(bytes)
        release(Math.min(bytes.length, missing))
      },
      async discard () {
        release(missing)
        await sink.discard()
      }
    }
  } catch (error) {
    release(missing)
    throw error
  }
}

/** @param chosen whether the person chose the place, and finds the file there */
async function intoFile (handle: FileSystemFileHandle, chosen: boolean, remove: () => Promise<void>): Promise<Sink> {
  const stream = await handle.createWritable()
  let kept = false
  return {
    write: bytes => stream.write(bytes),
    async close () {
      await stream.close()
      kept = chosen
      return chosen ? undefined : await handle.getFile()
    },
    async discard () {
      if (kept) return
      await stream.abort().catch(() => {})
      await remove()
    }
  }
}

function inMemory (size: number): Sink {
  if (size > MAX_IN_MEMORY - promised) throw new NoRoom(MAX_IN_MEMORY - promised)
  promised += size
  let taken = size
  // Blobs, since browsers may keep them elsewhere.
  let parts: Blob[] = []
  return {
    async write (bytes) { parts.push(new Blob([bytes])) },
    async close () { return new Blob(parts) },
    async discard () {
      parts = []
      promised -= taken
      taken = 0
    }
  }
}

let folder: Promise<FileSystemDirectoryHandle | undefined> | undefined

/** This tab's folder in the browser's private storage; undefined where it has none to write to. */
async function privateFolder (): Promise<FileSystemDirectoryHandle | undefined> {
  folder ??= makeFolder().catch(() => undefined)
  return await folder
}

async function makeFolder (): Promise<FileSystemDirectoryHandle | undefined> {
  if (!('createWritable' in FileSystemFileHandle.prototype)) return undefined
  const root = await navigator.storage.getDirectory()
  const name = PREFIX + randomId()
  // Held for as long as the tab lives.
  await new Promise<void>((resolve, reject) => {
    navigator.locks.request(name, async () => {
      resolve()
      await new Promise(() => {})
    }).catch(reject)
  })
  return await root.getDirectoryHandle(name, { create: true })
}
