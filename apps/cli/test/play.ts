import { Writable } from 'node:stream'
import { runCommand } from '../src/command.ts'

export interface Played {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command of Headgate in this process, and keeps what it printed. */
export async function play(name: string, ...words: string[]): Promise<Played> {
  const said = { stdout: '', stderr: '' }
  const stream = (key: 'stdout' | 'stderr'): Writable =>
    new Writable({
      write: (chunk, _encoding, done) => {
        said[key] += String(chunk)
        done()
      },
    })
  const code = await runCommand(name, words, { stdout: stream('stdout'), stderr: stream('stderr') })
  return { code, ...said }
}
