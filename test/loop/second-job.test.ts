// Two jobs, two clones: the first runs the repository's code and gates, the second gets its files and registers.
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { headgate, makeRepository, type Repository, readDocument, settings, table, training } from './repository.ts'

const stages = ['validate-data', 'train', 'evaluate-gate'] as const

const compared = settings
  .replace('bootstrap: true', 'bootstrap: true\n      baseline: champion\n      predict: [node, predict.mjs]')
  .replace('min: 0.6 }', 'min: 0.6, max-loss: 0.2 }')
  .replace('bump: minor', 'bump: minor\n      alias: champion')

/** Scores rows with a version's weights, wrong in every so-manieth row. */
const prediction = `import { readFileSync, writeFileSync } from 'node:fs'
const { wrongEvery } = JSON.parse(readFileSync(process.env.HEADGATE_MODEL + '/weights.json', 'utf8'))
const [, ...lines] = readFileSync(process.env.HEADGATE_DATA, 'utf8').trim().split('\\n')
const rows = lines.map((line) => line.split(',')).map(([id, x]) => id + ',' + (x % wrongEvery ? x % 2 : 1 - (x % 2)))
writeFileSync(process.env.HEADGATE_OUTPUT + '/predictions.csv', 'id,prediction\\n' + rows.join('\\n') + '\\n')
`

/** A training whose model is wrong in every so-manieth row. */
function trainingOf(wrongEvery: number): string {
  return training
    .replace('{"odd":1}', JSON.stringify({ wrongEvery }))
    .replace("',' + (x % 2)", `',' + (x % ${wrongEvery} ? x % 2 : 1 - (x % 2))`)
}

let first: Repository

/** A second job: a clone of the remote, with what the first one handed over. */
function secondJob(name: string): Repository {
  const folder = join(first.folder, '..', name)
  first.git('clone', '-q', first.remote, folder)
  cpSync(first.work, join(folder, '.headgate/tiny'), { recursive: true })
  return { ...first, folder, work: join(folder, '.headgate/tiny') }
}

beforeAll(async () => {
  first = makeRepository({ 'headgate.yml': compared, 'predict.mjs': prediction, 'train.mjs': trainingOf(10) })
  for (const stage of [...stages, 'register-model'] as const)
    expect(await headgate(first, [stage]), stage).toMatchObject({ code: 0 })
  // Other test rows: the champion's kept predictions are of no use, and it is scored anew.
  first.write({ 'train.mjs': trainingOf(30), 'test.csv': table.replace('r1,1,1\n', '') })
  first.commit('Train better')
  for (const stage of stages) expect(await headgate(first, [stage]), stage).toMatchObject({ code: 0 })
})

function change(repository: Repository, name: string, edit: (text: string) => string): void {
  const path = join(repository.work, name)
  const [before, after] = [readFileSync(path, 'utf8'), edit(readFileSync(path, 'utf8'))]
  if (before === after) throw new Error(`nothing to change in ${name}`)
  writeFileSync(path, after)
}

test.each<[string, string, (job: Repository) => void, RegExp]>([
  [
    'a better figure in the document',
    'figure',
    // Of 59 rows 0 and 30 are wrong.
    (job) => change(job, 'evaluation.json', (text) => text.replace(/"candidate": 0\.966\d+/, '"candidate": 0.999')),
    /^accuracy, candidate: evaluation\.json says 0\.999; recomputed it is 0\.966/m,
  ],
  [
    'other predictions of the candidate',
    'candidate',
    (job) => change(job, 'output/predictions.csv', (text) => text.replace('r30,1', 'r30,0')),
    /The predictions predictions\.csv are others than the gate judged: sha256:\w+, not sha256:/,
  ],
  [
    'other predictions of the champion',
    'champion',
    (job) => change(job, 'evidence/baseline.csv', (text) => text.replaceAll(',0\n', ',1\n')),
    /baseline’s predictions evidence\/baseline\.\* are others than the gate judged: sha256:/,
  ],
  [
    'no predictions of the champion',
    'nothing',
    (job) => rmSync(join(job.work, 'evidence'), { recursive: true }),
    /baseline’s predictions .* are not here\. Let `hand-over: artifact` bring them/,
  ],
  [
    'a weaker policy, which is the default branch’s no more',
    'policy',
    (job) =>
      writeFileSync(
        join(job.folder, 'headgate.yml'),
        readFileSync(join(job.folder, 'headgate.yml'), 'utf8').replace('max-loss: 0.2', 'max-loss: 0.01'),
      ),
    /The policy of headgate\.yml here \(sha256:\w+\) is not the one that the gate held to \(sha256:/,
  ],
])('a second job that gets %s refuses with exit 1', async (_what, name, tamper, sentence) => {
  const job = secondJob(name)
  tamper(job)
  const before = first.git('ls-remote', 'origin')
  const { code, stderr } = await headgate(job, ['register-model'])
  expect(code, stderr).toBe(1)
  expect(stderr).toMatch(sentence)
  expect(first.git('ls-remote', 'origin')).toBe(before)
})

test('a second job registers what the first one honestly judged, and says that it judged again', async () => {
  const job = secondJob('honest')
  expect(existsSync(join(job.work, 'evidence/baseline.csv'))).toBe(true)
  const { code, stdout, stderr } = await headgate(job, ['register-model'])
  expect(code, stderr).toBe(0)
  expect(stdout).toContain('recomputed from the digested predictions')
  expect(readDocument(job, 'model.json')).toMatchObject({
    version: '0.2.0',
    aliases: ['champion'],
    lineage: { evaluation: { verdict: 'pass', baseline: '0.1.0', recomputed: true } },
  })
  // What was only handed over stays out of the version, and out of Git.
  expect(JSON.stringify(readDocument(job, 'model.json').attachments)).not.toContain('evidence')
})
