import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** A write into the data file, at the moments (lines of the trace) it began and returned. */
interface Write {
  at: number
  bytes: Buffer
  began: number
  returned: number
  /** opened with O_DSYNC: it is on the disk when it returns */
  through: boolean
}

interface Flush {
  began: number
  returned: number
}

export interface Trace {
  /** the data file before the first write */
  base: Buffer
  writes: Write[]
  flushes: Flush[]
  /** what was written to the file of reports, line by line, with its moment */
  reports: Array<{ moment: number, line: string }>
  moments: number
}

/** The options of strace that record what `readTrace` reads. */
export function traceOptions (output: string, dataFile: string, reportFile: string): string[] {
  return ['-f', '-qq', '-xx', '-s', '10000000', '-o', output, '-P', dataFile, '-P', reportFile,
    '-e', 'trace=openat,close,lseek,write,pwrite64,writev,pwritev,pwritev2,fdatasync,fsync,msync,ftruncate']
}

/** Reads a record of strace. Calls of several threads come in halves, `unfinished` and `resumed`. */
export async function readTrace (path: string, base: Buffer, reportFd: number): Promise<Trace> {
  const trace: Trace = { base, writes: [], flushes: [], reports: [], moments: 0 }
  const through = new Map<number, boolean>()
  const position = new Map<number, number>()
  const unfinished = new Map<string, { call: string, began: number }>()
  let buffered = ''

  for await (const line of createInterface({ input: createReadStream(path) })) {
    const moment = trace.moments++
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (rest.endsWith('<unfinished ...>')) {
      unfinished.set(thread, { call: rest.slice(0, -'<unfinished ...>'.length), began: moment })
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)
    const half = unfinished.get(thread)
    const call = resumed === null ? rest : `${half?.call ?? ''}${resumed[1] ?? ''}`
    const began = resumed === null ? moment : half?.began ?? moment
    const [, name, args = '', answer] = /^(\w+)\((.*)\) += (-?\d+)/.exec(call) ?? []
    if (name === undefined) continue
    const result = Number(answer)
    if (result < 0) continue
    const fd = Number.parseInt(args)
    switch (name) {
      case 'openat':
        through.set(result, /O_DSYNC|O_SYNC/.test(args))
        position.set(result, 0)
        break
      case 'lseek':
        position.set(fd, result)
        break
      case 'write':
      case 'writev':
      case 'pwrite64': {
        const bytes = Buffer.concat([...args.matchAll(/"((?:\\x..)*)"/g)].map(([, hex = '']) => Buffer.from(hex.replaceAll('\\x', ''), 'hex')))
        if (bytes.length !== result) throw new Error(`A write of ${result} bytes shows ${bytes.length}`)
        if (fd === reportFd) {
          const lines = (buffered + bytes.toString()).split('\n')
          buffered = lines.pop() as string
          for (const line of lines) trace.reports.push({ moment: began, line })
          break
        }
        const at = name === 'pwrite64' ? Number(args.slice(args.lastIndexOf(',') + 1)) : position.get(fd) as number
        if (name !== 'pwrite64') position.set(fd, at + result)
        trace.writes.push({ at, bytes, began, returned: moment, through: through.get(fd) === true })
        break
      }
      case 'fdatasync':
      case 'fsync':
        trace.flushes.push({ began, returned: moment })
        break
      case 'close':
        break
      default:
        throw new Error(`The replay does not know ${name}`)
    }
  }
  return trace
}

const SECTOR = 512

/**
 * What the disk may hold after the power went at `moment`: every write that a finished flush
 * covers, and of the others any, in any order, whole or by sectors. `random` decides (0 to 1).
 */
export function imageAt ({ base, writes, flushes }: Trace, moment: number, random: () => number): Buffer {
  let image = Buffer.from(base)
  const chance = random() * 1.4 - 0.2
  const put = (at: number, bytes: Buffer): void => {
    if (at + bytes.length > image.length) image = Buffer.concat([image, Buffer.alloc(at + bytes.length - image.length)])
    bytes.copy(image, at)
  }
  for (const { at, bytes, began, returned, through } of writes) {
    if (began >= moment) break
    const safe = through ? returned < moment : flushes.some(flush => flush.began > returned && flush.returned < moment)
    if (safe || random() < chance) {
      put(at, bytes)
    } else if (random() < 0.3) {
      for (let sector = at - at % SECTOR; sector < at + bytes.length; sector += SECTOR) {
        const from = Math.max(at, sector)
        if (random() < 0.5) put(from, bytes.subarray(from - at, sector + SECTOR - at))
      }
    }
  }
  return image
}
