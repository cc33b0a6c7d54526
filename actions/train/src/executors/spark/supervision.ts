import { readFile } from 'node:fs/promises'

/**
 * Notes the exit code, since nobody may be there to wait for it, and leaves nothing of its group behind: what the
 * driver's Java started outlives it when it is killed. `$0` is the file, `$@` the command.
 */
const script = [
  '"$@"',
  'code=$?',
  "trap '' TERM",
  'kill -TERM 0',
  'sleep 0.2',
  'printf %s "$code" > "$0.new" && mv "$0.new" "$0"',
  'kill -KILL 0',
].join('\n')

/** A command that writes its exit code into a file, to be started as a service. */
export function supervised(exitFile: string, argv: readonly string[]): string[] {
  return ['/bin/sh', '-c', script, exitFile, ...argv]
}

/** The exit code that it wrote; `undefined` while there is none. */
export async function readExit(exitFile: string): Promise<number | undefined> {
  const text = await readFile(exitFile, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : Number(text)
}
