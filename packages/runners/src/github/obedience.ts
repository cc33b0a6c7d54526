import { randomUUID } from 'node:crypto'

// What a step prints is read by the runner for commands: `::add-mask::…`, `::error::…`. There is one standard output,
// and so one state of it.
let quotes = 0
let token: string | undefined

/** Lets the runner obey nothing of what `work` prints, not even where this process dies in between. */
export async function unobeyed<T>(work: () => Promise<T>): Promise<T> {
  if (quotes === 0) {
    process.once('exit', resume)
    stop()
  }
  quotes += 1
  try {
    return await work()
  } finally {
    quotes -= 1
    if (quotes === 0) {
      resume()
      process.off('exit', resume)
    }
  }
}

/** Says a command of ours, which the runner obeys even while a user's code prints. */
export function command(say: () => void): void {
  const isStopped = token !== undefined
  if (isStopped) resume()
  say()
  if (isStopped) stop()
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function stop(): void {
  token = randomUUID()
  print(`::stop-commands::${token}`)
}

function resume(): void {
  if (token !== undefined) print(`::${token}::`)
  token = undefined
}
