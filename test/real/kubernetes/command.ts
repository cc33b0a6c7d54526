import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverEnvironment } from '../server.ts'

const main = join(import.meta.dirname, '../../../apps/cli/src/main.ts')
const program = `import json, os
output = os.environ['HEADGATE_OUTPUT']
rows = [line for path in os.environ['HEADGATE_DATA'].split('\\n') for line in open(path)]
os.mkdir(output + '/model')
json.dump({'rows': len(rows), **json.load(open(os.environ['HEADGATE_PARAMS']))}, open(output + '/model/model.json', 'w'))
open(output + '/predictions.csv', 'w').write('id,score\\n1,0.5\\n')
print('trained on', len(rows))
`

/** A committed project whose training runs in a cluster, by these settings of it. */
export function makeProject(kubernetes: Record<string, unknown>): string {
  const root = mkdtempSync(join(tmpdir(), 'project-'))
  mkdirSync(join(root, 'data'))
  writeFileSync(join(root, 'train.py'), program)
  writeFileSync(join(root, 'data/rows.csv'), 'id\n1\n2\n')
  writeFileSync(join(root, '.gitignore'), '.headgate/\n')
  const train = { run: 'python3 train.py', executor: 'kubernetes', kubernetes, param: { seed: 7 } }
  writeFileSync(join(root, 'headgate.yml'), JSON.stringify({ models: { m: { data: 'data/rows.csv', train } } }))
  git(root, 'init', '-q')
  git(root, 'add', '.')
  git(root, '-c', 'user.name=Ada', '-c', 'user.email=ada@localhost', 'commit', '-q', '-m', 'begin')
  return root
}

/** The same commit, checked out somewhere else. */
export function cloneProject(root: string): string {
  const clone = mkdtempSync(join(tmpdir(), 'clone-'))
  git(clone, 'clone', '-q', root, '.')
  return clone
}

function git(cwd: string, ...words: string[]): void {
  execFileSync('git', words, { cwd, stdio: 'ignore' })
}

/** Runs `headgate train` as a person does. */
export function headgateTrain(
  root: string,
  words: readonly string[] = [],
  environment: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning', main, 'train']
  const env = serverEnvironment(mkdtempSync(join(tmpdir(), 'home-')), environment)
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, ...words], { cwd: root, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}
