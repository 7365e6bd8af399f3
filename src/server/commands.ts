import { getSystemErrorName, parseArgs } from 'node:util'
import type { Content } from '../store/lmdb/backup/check.js'
import { ConfigError } from './config.js'
import { FlagError, settings } from './flags.js'

/** The commands that look after the files of a store. Each is loaded only when it is run. */
const commands = {
  backup: {
    usage: 'signalbox backup FILE [--store lmdb:DIRECTORY] [--overwrite]',
    description: 'Backs up a store to a file, and verifies the backup. A server may have the store open.',
    flags: ['store', 'overwrite'],
    failed: 'no backup was made',
    async run ({ file = '', directory, overwrite }: Order): Promise<string> {
      const { backUp } = await import('../store/lmdb/backup/backup.js')
      const { content } = await backUp(directory, file, overwrite, Date.now())
      return `${file}: backed up and verified, ${summary(content)}`
    }
  },
  restore: {
    usage: 'signalbox restore FILE [--store lmdb:DIRECTORY] [--overwrite]',
    description: 'Verifies a backup, and restores it as a store. No server may have that store open.',
    flags: ['store', 'overwrite'],
    failed: 'nothing was restored',
    async run ({ file = '', directory, overwrite }: Order): Promise<string> {
      const { restore } = await import('../store/lmdb/backup/restore.js')
      const { label, content } = await restore(file, directory, overwrite, Date.now())
      return `${directory}: restored from the backup made ${label.made}, ${summary(content)}`
    }
  },
  verify: {
    usage: 'signalbox verify [FILE | --store lmdb:DIRECTORY]',
    description: 'Verifies a backup, or a store, which a server may have open: every record, and the checksum of a backup.',
    flags: ['store'],
    failed: 'not verified',
    async run ({ file, directory }: Order): Promise<string> {
      const { verifyBackup, verifyStore } = await import('../store/lmdb/backup/verify.js')
      if (file === undefined) return `${directory}: intact, ${summary(await verifyStore(directory, Date.now()))}`
      const { label, content } = await verifyBackup(file, Date.now())
      return `${file}: intact, made ${label.made} by signalbox ${label.version}, ${summary(content)}`
    }
  }
}

interface Order {
  /** the backup; absent only for `verify` */
  file: string | undefined
  /** the directory of the store */
  directory: string
  overwrite: boolean
}

type Command = keyof typeof commands

const flagTexts = {
  store: `--store lmdb:DIRECTORY  the store, as for the server; also the variable STORE (${settings.store.defaultText})`,
  overwrite: '--overwrite             replaces an existing file or store'
}

/** A command that could not do what it was told to. */
class CommandError extends Error {
  constructor (message: string, readonly exitCode: number, cause: unknown) {
    super(message, { cause })
  }
}

/** The exit code: 2 if a store or a backup is damaged, 1 for anything else. */
export function exitCodeOf (error: unknown): number {
  return error instanceof CommandError ? error.exitCode : 1
}

export function isCommand (word: string | undefined): word is Command {
  return word !== undefined && Object.hasOwn(commands, word)
}

/**
 * @param args begin with a command
 * @throws ConfigError, CommandError whose message says in one line what is wrong and what to do
 */
export async function runCommand (args: readonly string[], environment: Record<string, string | undefined>, print: (text: string) => void): Promise<void> {
  const name = args[0] as Command
  const command = commands[name]
  const order = readOrder(name, args.slice(1), environment)
  if (order === 'help') {
    print(commandHelp(name))
    return
  }
  try {
    print(`${await command.run(order)}\n`)
  } catch (error) {
    const isDamage = (error as Error).name === 'DamageError'
    // A backup that turns out to be damaged is one of a store that is.
    const subject = name === 'backup' ? order.directory : order.file ?? order.directory
    const reason = isDamage ? `'${subject}' is damaged: ${(error as Error).message}` : explain(error)
    throw new CommandError(`${command.failed}: ${reason}`, isDamage ? 2 : 1, error)
  }
}

function readOrder (name: Command, args: string[], environment: Record<string, string | undefined>): Order | 'help' {
  const { values, positionals } = parse(name, args)
  if (values['help'] === true) return 'help'
  const [file, ...more] = positionals
  const usage = `usage: ${commands[name].usage}`
  if (more.length > 0 || file === '') throw new ConfigError(`expected one FILE; ${usage}`)
  if (file === undefined && name !== 'verify') throw new ConfigError(`expected a FILE; ${usage}`)
  if (file !== undefined && name === 'verify' && values['store'] !== undefined) throw new ConfigError(`expected a FILE or --store; ${usage}`)
  return { file, directory: directoryOf(values['store'] as string | undefined, environment['STORE']), overwrite: values['overwrite'] === true }
}

function parse (name: Command, args: string[]) {
  const { flags } = commands[name]
  const options = { store: { type: 'string' }, overwrite: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const
  try {
    return parseArgs({ args, allowPositionals: true, options: Object.fromEntries(Object.entries(options).filter(([flag]) => flag === 'help' || flags.includes(flag))) })
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split(/\. |\n/)
    throw new ConfigError(`${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}; usage: ${commands[name].usage}`)
  }
}

function directoryOf (flag: string | undefined, variable: string | undefined): string {
  try {
    const store = settings.store.read(flag ?? (variable || settings.store.defaultText))
    if (store.kind === 'lmdb') return store.path
    throw new ConfigError(`a store in ${store.kind === 'redis' ? 'Redis' : 'memory'} has no file: the store must be lmdb:DIRECTORY`)
  } catch (error) {
    if (!(error instanceof FlagError)) throw error
    throw new ConfigError(`${flag === undefined ? 'STORE' : '--store'} expected ${error.message}`)
  }
}

function commandHelp (name: Command): string {
  const { usage, description, flags } = commands[name]
  const lines = flags.map(flag => `  ${flagTexts[flag as keyof typeof flagTexts]}`)
  return [`Usage: ${usage}`, '', description, '', ...lines, '', 'Exits with 0 if all went well, 2 if the store or the backup is damaged, and 1 on any other failure.', ''].join('\n')
}

/** For the help of the program. */
export function commandsHelp (): string {
  return ['Commands:', '', ...Object.values(commands).map(({ usage, description }) => `  ${usage}\n      ${description}`), ''].join('\n')
}

function summary ({ boxes, expired, messages, bytes }: Content): string {
  const gone = expired === 0 ? '' : `, ${expired} expired ${expired === 1 ? 'box' : 'boxes'}`
  return `${boxes} ${boxes === 1 ? 'box' : 'boxes'}${gone}, ${messages} ${messages === 1 ? 'message' : 'messages'} (${bytes} bytes)`
}

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file or directory',
  EACCES: 'this user may not use it. Run this as the user that the server runs as',
  EPERM: 'this user may not use it. Run this as the user that the server runs as',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a directory. Name a file',
  ENOTDIR: 'part of the path is a file',
  ENOSPC: 'the disk is full. Free some space, or choose another one',
  EDQUOT: 'the quota is used up. Free some space, or choose another disk',
  EAGAIN: 'a process with the same id has it open in another container. Run this in the container of the server'
}

/** What is wrong, in one line. Errors of LMDB have the number of the error as their code, or only its text. */
function explain (error: unknown): string {
  const { code, message, path } = error as { code?: number | string, message: string, path?: string }
  const name = typeof code === 'number' && code > 0 ? getSystemErrorName(-code) : /no space left/i.test(message) ? 'ENOSPC' : String(code)
  const reason = reasons[name]
  if (reason === undefined) return message.split('\n', 1)[0] as string
  return path === undefined ? reason : `'${path}': ${reason}`
}
