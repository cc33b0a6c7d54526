// Where the real systems' tests keep things: what a run makes, what later runs find again.
import { chmodSync, mkdirSync, mkdtempSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'

/** The environment variable that names the run's folder. Every process of the run carries it. */
export const runVariable = 'HEADGATE_REAL_RUN'

/** Makes the folder that holds all state of one run, and goes with it. Short: sockets lie in it, at most 107 bytes. */
export function makeRunFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hg-real-'))
  // A database does not run as root: other users may pass, but not look.
  chmodSync(folder, 0o711)
  return folder
}

/** The folder of this run. */
export function runFolder(): string {
  const folder = process.env[runVariable]
  if (folder === undefined) throw new Error(`${runVariable} is not set: run these tests by \`npm run test:real\``)
  return folder
}

/** A new folder for the state of one server. */
export function makeStateFolder(system: string): string {
  const folder = mkdtempSync(join(runFolder(), `${system}-`))
  chmodSync(folder, 0o711)
  return folder
}

/** Where what took long to build is kept between runs and clones. */
export function cacheFolder(system: string): string {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'headgate-real', system)
  mkdirSync(folder, { recursive: true })
  return folder
}
