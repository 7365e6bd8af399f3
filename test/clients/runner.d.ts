export interface Command { command: string, args: string[], options: { cwd: string, env?: Record<string, string> } }

export declare class Runner {
  constructor (command: Command, events?: { said: (event: any) => void, ended: (error: Error) => void })
  call (asked: object): Promise<{ answer?: Record<string, unknown>, error?: string }>
  end (): Promise<void>
}
