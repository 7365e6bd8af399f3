import type { BoxPluginOptions, ResolvedOptions } from '../../options.js'
import type { Store } from '../../store/store.js'
import { isSeconds, resolveShared, type SHARED } from '../options.js'

/** The options of `yWebrtcPlugin`. */
export interface YWebrtcPluginOptions extends Pick<BoxPluginOptions, typeof SHARED[number]> {
  /**
   * Where signals pass. It may be the store of `boxPlugin`. Servers with the same Redis serve the same topics.
   * Default: a new `memoryStore()`. The plugin closes the store with the app.
   */
  store?: Store | undefined
  /**
   * How long a socket may be silent before it is closed, in seconds.
   * @default 60
   */
  timeout?: number | undefined
}

export interface ResolvedYWebrtcOptions {
  store: Store | undefined
  timeout: number
  /** those that mean the same as the options of `boxPlugin` */
  box: ResolvedOptions
}

/** @throws TypeError that names the option, what was expected and what was received */
export function resolveYWebrtcOptions (input: YWebrtcPluginOptions): ResolvedYWebrtcOptions {
  const box = resolveShared('yWebrtcPlugin', input, { timeout: isSeconds })
  const { store, timeout = 60 } = input
  return { store, timeout, box }
}
