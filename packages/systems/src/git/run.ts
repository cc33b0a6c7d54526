import { spawn } from 'node:child_process'
import { OutsideError, UserError } from '@headgate/core'

/** Rights on a remote, handed to one command only. */
export interface GitToken {
  /** The server that may see it, such as `https://github.com/`. */
  readonly server: string
  readonly token: string
}

export interface GitOptions {
  /** What the command reads from its standard input. */
  readonly input?: string | Uint8Array | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly token?: GitToken | undefined
}

/** How a command ended. */
export interface GitResult {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

/**
 * Runs Git and returns what it printed, without the final line break.
 * @throws UserError when Git is missing, or the folder is no work tree that it accepts; OutsideError otherwise.
 */
export async function run(cwd: string, args: readonly string[], options: GitOptions = {}): Promise<string> {
  return (await runBytes(cwd, args, options)).toString('utf8').replace(/\n$/, '')
}

/** As `run`, for content that must stay as it is, byte for byte. */
export async function runBytes(cwd: string, args: readonly string[], options: GitOptions = {}): Promise<Buffer> {
  const result = await attempt(cwd, args, options)
  if (result.code !== 0) throw gitError(cwd, args, result)
  return result.stdout
}

/** Runs Git and leaves it to the caller to judge the exit code. No shell is involved. */
export async function attempt(cwd: string, args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  const child = spawn('git', args, { cwd, env: environment(options), stdio: 'pipe' })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.stdin.on('error', () => undefined) // a command that ends early closes it; its exit code tells why
  child.stdin.end(options.input)
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(notStarted(cwd, error)))
    child.once('close', (status) => resolve(status ?? 128))
  })
  return { code, stdout: Buffer.concat(stdout), stderr: withoutCredentials(Buffer.concat(stderr).toString('utf8')) }
}

/** Variables by which an outer Git command, such as a hook, would redirect this one to its own repository. */
const inherited = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_PREFIX', 'GIT_OBJECT_DIRECTORY', 'GIT_NAMESPACE']

function environment(options: GitOptions): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !inherited.includes(name))
  const config: [string, string][] = [
    ['core.hooksPath', '/dev/null'],
    ['maintenance.auto', 'false'],
    ['gc.auto', '0'],
    ...(options.token ? headerOf(options.token) : []),
  ]
  return {
    ...Object.fromEntries(kept),
    ...configVariables(config),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    // A commit is what its name says, whatever a user's code put in its place.
    GIT_NO_REPLACE_OBJECTS: '1',
    ...options.env,
  }
}

/** Sets the header anew: a header that a checkout left in the configuration would be sent beside it, and refused. */
function headerOf({ server, token }: GitToken): [string, string][] {
  const key = `http.${server.replace(/\/*$/, '/')}.extraheader`
  const value = `AUTHORIZATION: basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`
  return [
    [key, ''],
    [key, value],
  ]
}

/** Appends to what the environment already configures this way. */
function configVariables(config: readonly (readonly [string, string])[]): Record<string, string> {
  const before = Number(process.env.GIT_CONFIG_COUNT ?? 0) || 0
  const variables = config.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${before + index}`, key],
    [`GIT_CONFIG_VALUE_${before + index}`, value],
  ])
  return { GIT_CONFIG_COUNT: String(before + config.length), ...Object.fromEntries(variables) }
}

function notStarted(cwd: string, error: NodeJS.ErrnoException): UserError {
  return new UserError(
    {
      what: error.code === 'ENOENT' ? `Git was not found, or the folder ${cwd} is missing.` : `Git did not start.`,
      fix: 'Install Git 2.31 or newer, and run in a folder that exists.',
    },
    { cause: error },
  )
}

/** What a failed command means to a user. */
export function gitError(cwd: string, args: readonly string[], result: GitResult): UserError | OutsideError {
  const said = result.stderr.trim() || `exit code ${result.code}`
  if (/not a git repository/i.test(said))
    return new UserError({
      what: 'this is no Git work tree.',
      where: { file: cwd },
      fix: 'Run in a clone, or `git init`.',
    })
  if (/dubious ownership/i.test(said))
    return new UserError({
      what: 'Git refuses this work tree because it belongs to somebody else.',
      where: { file: cwd },
      fix: `Run \`git config --global --add safe.directory ${cwd}\`.`,
    })
  return new OutsideError({
    tried: `Ran \`git ${args.slice(0, 3).map(withoutCredentials).join(' ')}\`.`,
    state: `It failed: ${said}`,
    next: 'Mend what Git says, then run again.',
  })
}

/** Removes user and password from URLs. */
export function withoutCredentials(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^/\s@]+@/gi, '$1')
}
