import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'

/** A working copy of the example with a bare remote, and the commands to play on it. */
export interface Scene {
  readonly folder: string
  readonly endpoint: string
  headgate(title: string, words: readonly string[], expected?: number): string
  git(...words: string[]): string
  copy(from: string, to: string): void
  commit(message: string): void
  document<T = Record<string, unknown>>(name: string): T
}

/** Makes the scene anew below `home`. */
export async function openScene(root: string, home: string): Promise<Scene> {
  rmSync(home, { recursive: true, force: true })
  const folder = join(home, 'flight-delays')
  mkdirSync(home, { recursive: true })
  cpSync(join(root, 'examples/flight-delays'), folder, {
    recursive: true,
    filter: (path) => !/\/(__pycache__|\.headgate|\.pytest_cache)$/.test(path),
  })
  const port = await freePort()
  const environment = {
    ...process.env,
    OMP_NUM_THREADS: '1',
    NO_COLOR: '1',
    HEADGATE_INPUT_PORT: String(port),
    HEADGATE_INPUT_METRICS_URL: `http://127.0.0.1:${port}/metrics`,
    HEADGATE_INPUT_RETRAIN: 'decide',
    GITHUB_ACTIONS: '',
  }
  const git = (...words: string[]): string =>
    run('git', ['-c', 'user.name=Demo', '-c', 'user.email=demo@headgate.invalid', ...words], folder, process.env)
  run('git', ['init', '-q', '--bare', '-b', 'main', join(home, 'remote.git')], home, process.env)
  git('init', '-q', '-b', 'main')
  git('config', 'user.name', 'Demo')
  git('config', 'user.email', 'demo@headgate.invalid')
  git('remote', 'add', 'origin', join(home, 'remote.git'))
  const commit = (message: string): void => {
    git('add', '-A')
    git('commit', '-q', '-m', message)
    git('push', '-q', 'origin', 'main')
  }
  commit('The example as it is')
  return {
    folder,
    endpoint: `http://127.0.0.1:${port}`,
    git,
    commit,
    copy: (from, to) => cpSync(join(folder, from), join(folder, to)),
    document: (name) => JSON.parse(readFileSync(join(folder, '.headgate/flight-delays', `${name}.json`), 'utf8')),
    headgate: (title, words, expected = 0) => {
      const started = Date.now()
      const command = join(root, 'node_modules/.bin/headgate')
      const { status, stdout, stderr } = spawnSync(command, words, { cwd: folder, env: environment, encoding: 'utf8' })
      const seconds = ((Date.now() - started) / 1000).toFixed(1)
      console.log(`\n▸ ${title}\n  $ headgate ${words.join(' ')}   (${seconds} s, exit ${status})`)
      if (status !== expected) throw new Error(`expected exit ${expected}, got ${status}:\n${stderr}\n${stdout}`)
      const answer = stdout.trim()
      if (answer !== '' && !answer.includes('\n')) console.log(`  ${answer}`)
      return stdout
    },
  }
}

function run(command: string, words: readonly string[], cwd: string, env: NodeJS.ProcessEnv): string {
  const { status, stdout, stderr } = spawnSync(command, words, { cwd, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${words.join(' ')} failed: ${stderr}`)
  return stdout.trim()
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((done) => {
    server.close(done)
  })
  return port
}
