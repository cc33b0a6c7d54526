// The example, trained by scikit-learn, comes out again: from its commit, in another folder, by another run.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Document } from '@headgate/core'
import { expect, test } from 'vitest'
import { headgate, makeHome } from './repository.ts'

const root = join(import.meta.dirname, '../..')
const bin = join(root, '.tools/example/bin')

/** The example as a repository of its own, pushed to a bare one beside it. */
function makeExample(): string {
  const home = makeHome()
  const [folder, remote] = [join(home, 'flights'), join(home, 'remote.git')]
  const leave = /\/(__pycache__|\.headgate|\.pytest_cache|\.venv)$/
  cpSync(join(root, 'examples/flight-delays'), folder, { recursive: true, filter: (path) => !leave.test(path) })
  const git = (...words: string[]) => execFileSync('git', ['-C', folder, ...words], { stdio: 'ignore' })
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', remote])
  git('init', '-q', '-b', 'main')
  git('config', 'user.name', 'Test')
  git('config', 'user.email', 'test@headgate.invalid')
  git('remote', 'add', 'origin', remote)
  git('add', '-A')
  git('commit', '-qm', 'The example')
  git('push', '-q', 'origin', 'main')
  return folder
}

test('the example’s model is reproduced, and what its environment is stands in its documents', async () => {
  if (!existsSync(bin))
    throw new Error('The example’s packages are missing: run `node scripts/tools.ts example` first.')
  const folder = makeExample()
  const env = { PATH: `${bin}:${process.env.PATH}`, OMP_NUM_THREADS: '1' }
  const play = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await headgate({ folder }, words, { env })
    expect(code, `${words.join(' ')}: ${stderr}`).toBe(0)
    return stdout
  }
  await play('validate-data')
  const training = JSON.parse(await play('train', '--format', 'json')) as Document<'training'>
  const version = execFileSync(join(bin, 'python'), ['--version'], { encoding: 'utf8' }).trim()
  expect(training.environment).toMatchObject({ interpreter: version, lock: { path: 'requirements.lock' } })
  expect(training.seeds).toEqual({ seed: 7 })
  await play('evaluate-gate')
  await play('register-model')

  const document = JSON.parse(await play('reproduce', '0.1.0', '--format', 'json')) as Document<'reproduction'>
  expect(document).toMatchObject({ verdict: 'pass', basis: 'predictions', differences: [] })
  const { metrics } = document
  expect(metrics.map(({ metric, slice }) => `${metric} ${slice}`)).toEqual(
    expect.arrayContaining(['roc_auc null', 'brier_score null', 'roc_auc origin=EWR']),
  )
  // What scikit-learn measured, and wrote to metrics.json.
  const overall = (name: string) => metrics.find(({ metric, slice }) => metric === name && slice === null)
  expect(overall('roc_auc')?.is).toBeCloseTo(training.metrics.roc_auc ?? Number.NaN, 9)
  expect(overall('brier_score')?.is).toBeCloseTo(training.metrics.brier_score ?? Number.NaN, 9)
  expect(document.data.every(({ restoredFrom }) => restoredFrom === 'commit')).toBe(true)
  expect(document.run?.id).not.toBe(training.run.id)

  // The ledger knows how long it took, which the next launch tells.
  const { stderr } = await headgate({ folder }, ['train', '--param', 'seed=8', '--dry-run'], { env })
  expect(stderr).toMatch(/Executor process, machine .*; expected to take .*, the median of the last 1 training\./)
  expect(stderr).toMatch(/changed since run .*: the parameters \(seed\)/)
})
