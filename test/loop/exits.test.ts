// What a user must mend ends with 2, what failed outside with 3; both say where and what to do, and neither judges.
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startForge } from '@headgate/testkit'
import { expect, test } from 'vitest'
import {
  documentsOf,
  type Files,
  headgate,
  makeRepository,
  readDocument,
  settings,
  table,
  training,
} from './repository.ts'

const stages = ['validate-data', 'train', 'evaluate-gate'] as const

interface Mistake {
  readonly mistake: string
  readonly files: Files
  /** The stage that must notice; those before it must not mind. */
  readonly stage: (typeof stages)[number]
  /** Each stands on stderr: the place, what is wrong there, how to mend it. */
  readonly says: readonly (string | RegExp)[]
}

/** Throws where there is nothing to replace: such a mistake would be none. */
function replaced(text: string, from: string | RegExp, to: string): string {
  const result = text.replace(from, to)
  if (result === text) throw new Error(`nothing to replace: ${from}`)
  return result
}

/** The line of `text` on which `part` first stands. */
function lineOf(text: string, part: string): number {
  return text.slice(0, text.indexOf(part)).split('\n').length
}

const misspelt = replaced(replaced(settings, 'contract:', 'contrakt:'), 'bootstrap:', 'bootstrapp:')
const withPassword = replaced(
  replaced(settings, 'data: train.csv', 'data: postgres://me:hunter2@db.test/x#rows'),
  'contract: contract.yaml',
  'contract: postgres://me:hunter3@db.test/y',
)

const mistakes: readonly Mistake[] = [
  {
    mistake: 'keys that do not exist',
    files: { 'headgate.yml': misspelt },
    stage: 'validate-data',
    says: [
      `headgate.yml:${lineOf(misspelt, 'contrakt')}:7: unknown key "contrakt". Did you mean "contract"?`,
      `headgate.yml:${lineOf(misspelt, 'bootstrapp')}:7: unknown key "bootstrapp". Did you mean "bootstrap"?`,
    ],
  },
  {
    mistake: 'metrics that do not exist',
    files: {
      'headgate.yml': replaced(
        settings,
        '{ metric: accuracy, min: 0.6 }',
        '{ metric: acuracy, min: 0.6 }\n        - { metric: f2, min: 0.6 }',
      ),
    },
    stage: 'evaluate-gate',
    says: [/^headgate\.yml:17:.*"acuracy"\. Did you mean "accuracy"\?/m, /^headgate\.yml:18:.*"f2"/m],
  },
  {
    mistake: 'a column that the contract names and the data lack',
    files: { 'train.csv': replaced(table, 'id,x,label', 'id,y,target') },
    stage: 'validate-data',
    says: [/^contract\.yaml:15: .*no column "x".* It has .*"y"/m, /^contract\.yaml:18: .*no column "label"/m],
  },
  {
    mistake: 'a label column that the test rows lack',
    files: { 'test.csv': replaced(table, 'id,x,label', 'id,x,target') },
    stage: 'evaluate-gate',
    says: [/test\.csv: has no column "label"\. It has: id, x, target/],
  },
  {
    mistake: 'an empty file as data',
    files: { 'train.csv': '' },
    stage: 'validate-data',
    says: [/^train\.csv: the data has no rows\./m],
  },
  {
    mistake: 'data of a header only',
    files: { 'train.csv': 'id,x,label\n' },
    stage: 'validate-data',
    says: [/^train\.csv: the data has no rows\./m],
  },
  {
    mistake: 'a contract that is not YAML',
    files: { 'contract.yaml': 'kind: DataContract\nschema: [\n  - name: rows\n\tx: }\n' },
    stage: 'validate-data',
    says: [/^contract\.yaml:4:1: is not YAML: Tabs/m],
  },
  {
    mistake: 'an id on two test rows',
    files: { 'test.csv': `${table}r3,3,1\nr4,4,0\n` },
    stage: 'evaluate-gate',
    says: [/^test\.csv:62: has 2 duplicate ids: "r3", "r4"\. .*mend the data/m],
  },
  {
    mistake: 'an id on two predictions, and one too many',
    files: {
      'train.mjs': replaced(training, 'predictions.join', "predictions.concat([predictions[3], 'extra,0']).join"),
    },
    stage: 'evaluate-gate',
    says: [/predictions\.csv:62: has 1 duplicate id: "r3"/, /predictions\.csv:63: .*"extra"/],
  },
  {
    mistake: 'test rows without a prediction',
    files: { 'train.mjs': replaced(training, 'lines.map(', 'lines.slice(2).map(') },
    stage: 'evaluate-gate',
    says: [/predictions\.csv.*lacks 2 ids of the test rows: "r0", "r1"\. Predict exactly the rows of test\.csv/],
  },
  {
    mistake: 'labels of one class',
    files: { 'test.csv': replaced(table, /,1$/gm, ',0') },
    stage: 'evaluate-gate',
    says: [/test\.csv.*one class only: every label is "0"\. Take test rows of each class/],
  },
  {
    mistake: 'passwords written out',
    files: { 'headgate.yml': withPassword },
    stage: 'validate-data',
    says: [
      new RegExp(
        `^headgate\\.yml:${lineOf(withPassword, 'data: p')}:\\d+: \`data\` holds a password.*\\$\\{env:NAME\\}`,
        'm',
      ),
      new RegExp(`^headgate\\.yml:${lineOf(withPassword, 'contract: p')}:\\d+: \`contract\` holds a password`, 'm'),
    ],
  },
]

const documentOf = { 'validate-data': 'validation.json', train: 'training.json', 'evaluate-gate': 'evaluation.json' }

test.concurrent.each(mistakes)('exit 2 for $mistake, with the place and the way out', async (given) => {
  const repository = makeRepository(given.files)
  for (const stage of stages.slice(0, stages.indexOf(given.stage)))
    expect(await headgate(repository, [stage]), stage).toMatchObject({ code: 0 })
  const { code, stdout, stderr } = await headgate(repository, [given.stage])
  expect(code, stderr).toBe(2)
  for (const part of given.says) {
    if (typeof part === 'string') expect(stderr).toContain(part)
    else expect(stderr).toMatch(part)
  }
  expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m)
  expect(stderr).not.toMatch(/hunter/)
  expect(stdout).toBe('')
  expect(documentsOf(repository)).not.toContain(documentOf[given.stage])
})

test.concurrent('exit 2 for a training that leaves no model, which its document records', async () => {
  const repository = makeRepository({
    'train.mjs': replaced(training, `writeFileSync(output + '/model/weights.json', '{"odd":1}')`, ''),
  })
  const { code, stdout, stderr } = await headgate(repository, ['train', '--data', 'train.csv'])
  expect(code, stderr).toBe(2)
  expect(stdout).toContain('predictions.csv (364 bytes)')
  expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m)
  const { verdict, error } = readDocument(repository, 'training.json')
  expect(verdict).toBe('fail')
  expect(error).toMatchObject({ message: expect.stringContaining('no model/'), remedy: expect.stringMatching(/\w/) })
})

async function judged(): Promise<ReturnType<typeof makeRepository>> {
  const repository = makeRepository()
  for (const stage of stages) expect(await headgate(repository, [stage]), stage).toMatchObject({ code: 0 })
  return repository
}

test.concurrent('exit 3 where the remote hangs up in the middle of a push; the next run completes', async () => {
  const repository = await judged()
  const hook = join(repository.remote, 'hooks/pre-receive')
  writeFileSync(hook, '#!/bin/sh\nkill -9 $PPID\n')
  chmodSync(hook, 0o755)
  const { code, stderr } = await headgate(repository, ['register-model'])
  expect(code, stderr).toBe(3)
  expect(stderr).toMatch(/run .*again|again/i)
  expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m)
  expect(documentsOf(repository)).not.toContain('model.json')
  expect(repository.git('ls-remote', '--tags', 'origin')).toBe('')
  rmSync(hook)
  expect(await headgate(repository, ['register-model'])).toMatchObject({ code: 0 })
  expect(repository.git('ls-remote', '--tags', 'origin')).toContain('refs/tags/tiny@v0.1.0')
  expect(readDocument(repository, 'model.json')).toMatchObject({ version: '0.1.0' })
})

test.concurrent('exit 3 where the forge answers 500 for ever, saying what was tried, the state and the next step', async () => {
  const repository = makeRepository()
  const forge = await startForge()
  try {
    forge.faults = [{ status: 500 }]
    const event = join(repository.folder, '../event.json')
    const head = repository.git('rev-parse', 'HEAD')
    const repo = { full_name: 'acme/tiny' }
    const pull = { number: 7, head: { sha: head, repo }, base: { ref: 'main', sha: head, repo } }
    writeFileSync(event, JSON.stringify({ pull_request: pull, repository: { default_branch: 'main' } }))
    const env = {
      GITHUB_ACTIONS: 'true',
      GITHUB_API_URL: forge.url,
      GITHUB_SERVER_URL: forge.url,
      GITHUB_REPOSITORY: 'acme/tiny',
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_EVENT_PATH: event,
      GITHUB_REF_NAME: '7/merge',
      GITHUB_WORKSPACE: repository.folder,
      GITHUB_TOKEN: 'token-of-the-twin',
    }
    const { code, stdout, stderr } = await headgate(repository, ['validate-data'], { env })
    expect(code, stderr).toBe(3)
    const said = `${stdout}${stderr}`
    expect(said).toMatch(/GET \/user was called \d+ times/)
    expect(said).toMatch(/The forge answered 500/)
    expect(said).toMatch(/Run the job again when the forge is well/)
    expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m)
    expect(said).not.toContain('token-of-the-twin')
    // What was found is kept, and says what it said: telling it is all that failed.
    expect(readDocument(repository, 'validation.json').verdict).toBe('pass')
    // A forge that is down is asked again, but not without end.
    expect(forge.calls.length).toBeGreaterThan(1)
    expect(forge.calls.length).toBeLessThan(20)
  } finally {
    await forge.close()
  }
})
