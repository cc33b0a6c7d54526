import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localRunner, type Runner } from '@headgate/runners'
import { expect, test } from 'vitest'
import { lastingExecutor } from '../test/lasting.ts'
import { contextOf, makeProject, portsOf, settingsOf } from '../test/project.ts'
import { heldRule, holdSettings } from './held.ts'
import { reasonNotToTrain } from './pull-request.ts'
import { run } from './run.ts'
import { wire } from './wire.ts'

type Rules = Parameters<typeof heldRule>[0]

const pull = { context: contextOf('pull-request'), labels: [] }
const labelled = { ...pull, labels: ['train'] }

test('whether a pull request trains is the setting’s', () => {
  const executor = 'process'
  expect(reasonNotToTrain({ executor, onPullRequest: 'always' }, pull)).toBeUndefined()
  expect(reasonNotToTrain({ executor, onPullRequest: 'label' }, pull)).toContain('not labelled `train`')
  expect(reasonNotToTrain({ executor, onPullRequest: 'label' }, labelled)).toBeUndefined()
  expect(reasonNotToTrain({ executor, onPullRequest: 'never' }, labelled)).toContain('never')
  expect(
    reasonNotToTrain({ executor, onPullRequest: 'never' }, { ...pull, context: contextOf('push') }),
  ).toBeUndefined()
})

test('unless it says otherwise, a pull request trains on the CI’s machine, and elsewhere where it is asked for', () => {
  expect(reasonNotToTrain({ executor: 'process' }, pull)).toBeUndefined()
  for (const executor of ['docker', 'kubernetes', 'ray', 'spark'] as const) {
    expect(reasonNotToTrain({ executor }, pull)).toBe(
      `the pull request is not labelled \`train\` (\`executor: ${executor}\`).`,
    )
    expect(reasonNotToTrain({ executor }, labelled)).toBeUndefined()
  }
})

test('a change may ask for more training on the CI’s machine, and for no bill elsewhere', () => {
  const rule = (base: Rules, own: Rules) => heldRule(base, own)
  const [here, there] = ['process', 'kubernetes'] as const
  expect(rule({ executor: here }, { executor: here, onPullRequest: 'never' })).toBe('always')
  expect(rule({ executor: here, onPullRequest: 'never' }, { executor: here, onPullRequest: 'always' })).toBe('always')
  expect(rule({ executor: there }, { executor: there, onPullRequest: 'always' })).toBe('label')
  expect(rule({ executor: there, onPullRequest: 'always' }, { executor: there, onPullRequest: 'never' })).toBe('always')
  expect(rule({ executor: here, onPullRequest: 'always' }, { executor: there, onPullRequest: 'always' })).toBe('label')
  expect(rule({ executor: here, onPullRequest: 'never' }, { executor: there, onPullRequest: 'always' })).toBe('never')
  // Asked for more of the same executor, somebody has to agree.
  const usual = { executor: there, onPullRequest: 'always', timeout: 60_000, memory: 1e9, kubernetes: { image: 'a' } }
  const more = (change: Readonly<Record<string, unknown>>) => rule(usual as Rules, { ...usual, ...change } as Rules)
  expect(more({})).toBe('always')
  expect(more({ timeout: 30_000, memory: 5e8 })).toBe('always')
  expect(more({ timeout: 61_000 })).toBe('label')
  expect(more({ timeout: undefined })).toBe('label')
  expect(more({ memory: 2e9 })).toBe('label')
  expect(more({ kubernetes: { image: 'a', gpus: 8 } })).toBe('label')
  expect(more({ kubernetes: undefined })).toBe('label')
  // A change that takes the training back to the CI’s machine cannot be spared one.
  expect(rule({ executor: there }, { executor: here, onPullRequest: 'never' })).toBe('always')
})

test('what a change asks of an executor is held against the base branch’s settings', async () => {
  const root = mkdtempSync(join(tmpdir(), 'train-held-'))
  const git = (...words: string[]) => execFileSync('git', ['-C', root, ...words], { stdio: 'ignore' })
  const docker = 'docker: { image: "train:1" }'
  const settings = `models: { m: { train: { run: x, executor: docker, on-pull-request: always, timeout: 1h, ${docker} } } }`
  git('init', '-q', '-b', 'main')
  writeFileSync(join(root, 'headgate.yml'), settings)
  git('add', '.')
  git('-c', 'user.name=Ada', '-c', 'user.email=ada@localhost', 'commit', '-q', '-m', 'begin')
  git('remote', 'add', 'origin', root)
  const lines: string[] = []
  const { log } = portsOf(root, lines)
  const runner = { workspace: root, variables: {}, input: () => undefined, log, context: { base: { ref: 'main' } } }
  const ruleFor = async (own: Record<string, unknown>) =>
    (await holdSettings(settingsOf(root, own), runner as unknown as Runner)).onPullRequest
  const usual = { executor: 'docker', onPullRequest: 'always', timeout: '1h', docker: { image: 'train:1' } }
  expect(await ruleFor(usual)).toBe('always')
  expect(lines).toEqual([])
  expect(await ruleFor({ ...usual, docker: { image: 'train:1', gpus: 'all' } })).toBe('label')
  expect(lines).toEqual(['`on-pull-request` is label: main says so.'])
  expect(await ruleFor({ ...usual, timeout: '9h' })).toBe('label')
  expect(await ruleFor({ executor: 'process', onPullRequest: 'never' })).toBe('always')
})

test('of a pull request that does not train nothing is run, built or asked', async () => {
  const root = makeProject()
  const program = join(root, 'python')
  writeFileSync(program, '#!/bin/sh\ntouch ran\n')
  chmodSync(program, 0o755)
  const asked: string[] = []
  const ask = (name: string) => async () => {
    asked.push(name)
    return [] as never
  }
  const executor = { ...portsOf(root).executor, image: ask('image') }
  const ports = portsOf(root, [], { context: contextOf('pull-request'), executor, pastTrainings: ask('past') })
  const found = await run(settingsOf(root, { run: ['./python', 'train.py'], onPullRequest: 'never' }), ports)
  expect(found).toMatchObject({ verdict: 'inconclusive', exitCode: 0, body: { modelArtifact: null } })
  expect(found.summary).toContain('Not trained: pull requests do not train')
  expect([asked, existsSync(join(root, 'ran'))]).toEqual([[], false])
})

test('a pull request that does not train reaches no executor, whose address and credentials it may lack', async () => {
  const root = makeProject()
  writeFileSync(join(root, 'headgate.yml'), 'models: {}\n')
  const runner = await localRunner({ HOME: root, PATH: process.env.PATH }, { folder: root, event: 'pull-request' })
  for (const executor of ['docker', 'kubernetes', 'ray', 'spark'] as const) {
    const settings = settingsOf(root, { executor, data: 'data/*.csv', kubernetes: { image: 'train:1' } })
    const { ports } = await wire(settings, runner)
    const found = await run(settings, ports)
    expect(found).toMatchObject({ exitCode: 0, verdict: 'inconclusive', body: { run: { executor } } })
  }
})

test('a pull request that does not train needs none of the data that a training would read', async () => {
  const root = makeProject()
  const ports = portsOf(root, [], { context: contextOf('pull-request') })
  const found = await run(settingsOf(root, { data: 'https://127.0.0.1:9/x.csv', onPullRequest: 'label' }), ports)
  expect(found).toMatchObject({ verdict: 'inconclusive', exitCode: 0 })
})

test('the default branch takes over no job of a pull request’s', async () => {
  const root = makeProject()
  const { executor, jobs, end } = lastingExecutor()
  const settings = settingsOf(root, { executor: 'docker', docker: { image: 'train:1' } })
  const pull = portsOf(root, [], { executor, context: contextOf('pull-request'), labels: ['train'] })
  const submitted = await run({ ...settings, detach: true }, pull)
  end('succeeded')
  const pushed = await run({ ...settings, detach: true }, portsOf(root, [], { executor }))
  expect(jobs.size).toBe(2)
  expect(pushed.body.run.id).not.toBe(submitted.body.run.id)
  expect(pushed.body.key).toBe(submitted.body.key)
  const attaching = { ...settings, attach: submitted.body.run.handle ?? '' }
  await expect(run(attaching, portsOf(root, [], { executor }))).rejects.toThrow('was submitted by a pull request')
  expect((await run(attaching, pull)).body.run.id).toBe(submitted.body.run.id)
})
