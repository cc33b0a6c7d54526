import { randomBytes } from 'node:crypto'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Document, Settings } from '@headgate/core'
import { type LocalOptions, localRunner, type Outcome, type Runner, startWith } from '@headgate/runners'
import { longestName, type Ports, run, stage, wire } from '@headgate/train'
import { isAddress } from './data.ts'
import type { Origin } from './origin.ts'

type TrainSettings = Settings<typeof stage>

export interface Repetition {
  readonly origin: Origin
  /** The runner of the command, whose log and signal are the training’s too. */
  readonly runner: Runner
  /** Absolute path of the checkout. */
  readonly checkout: string
  /** Absolute path of a folder that goes with the checkout. */
  readonly temporary: string
  /** The settings file, relative to the work tree. */
  readonly config: string | undefined
}

/** The runner of a laptop in the checkout: it tells nobody, caches nothing, and hands nothing over. */
export async function checkoutRunner({ origin, runner, checkout, temporary, config }: Repetition): Promise<Runner> {
  const flags = new Map([
    ['model', origin.training.model],
    ['hand-over', 'off'],
    ['comment', 'false'],
    ...(config === undefined ? [] : [['config', config] as const]),
  ])
  const options: LocalOptions = { flags, folder: checkout }
  const local = await localRunner(runner.variables, options)
  const { log, logAt, mask, signal } = runner
  // Inputs of the command's own run are of another checkout.
  const input = (name: string): string | undefined => flags.get(name)
  return { ...local, log, logAt, mask, signal, input, temporary, environment: untracked(local.environment) }
}

/** Trains again with the settings of the commit, and with what the first run’s flags made of them. */
export async function trainAgain(repetition: Repetition, runner: Runner): Promise<Outcome> {
  const { training } = repetition.origin
  await linkInterpreter(training.run.command[0] ?? '', runner.workspace, repetition.runner.workspace)
  return startWith(
    stage,
    (settings, ports: Ports) => run(same(settings, training), ports),
    async (settings, given) => {
      const wired = await wire(same(settings, training), given)
      return { ...wired, ports: asNew(wired.ports, repetition.origin) }
    },
    runner,
  )
}

/** What the first run's flags said is in its document; the rest is as its commit has it. */
function same(own: TrainSettings, { run: ran, data, environment }: Document<'training'>): TrainSettings {
  // Of what has an address only its commit knows with what rights it is read.
  const paths = data.some(({ path }) => isAddress(path)) ? {} : { data: data.map(({ path }) => path) }
  const executor = ran.executor as TrainSettings['executor']
  return {
    ...own,
    ...paths,
    ...pinned(own, executor, environment.image),
    run: [...ran.command],
    shell: false,
    param: ran.params as TrainSettings['param'],
    env: untracked(own.env),
    executor,
    onPullRequest: 'always',
    tracking: 'off',
    detach: false,
    attach: undefined,
    sweep: false,
    dryRun: false,
  }
}

/** The image by the digest that it had, where a registry knows that; else it is built or pulled again. */
function pinned(own: TrainSettings, executor: string, image: string | null): Partial<TrainSettings> {
  if (executor !== 'docker' || own.docker === undefined || !image?.includes('@sha256:')) return {}
  return { docker: { ...own.docker, image, build: undefined } }
}

/** Whatever the code logs by itself stays on this machine. */
function untracked(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !/^MLFLOW_(TRACKING_URI|RUN_ID)$/.test(name)))
}

/**
 * Under a name and an id that no earlier job has: on another machine the first one may still be there, and would be
 * taken over.
 */
function asNew(ports: Ports, origin: Origin): Ports {
  const suffix = `-${randomBytes(4).toString('hex')}`
  const { executor } = ports
  const submit: typeof executor.submit = (spec) =>
    executor.submit({ ...spec, name: spec.name.slice(0, longestName - suffix.length) + suffix })
  const pastTrainings: Ports['pastTrainings'] = async () => [pastOf(origin)]
  return {
    ...ports,
    cache: undefined,
    held: {},
    pastTrainings,
    executor: { ...executor, submit, list: async () => [] },
  }
}

/** What is to be expected, and what changed since, is said by the first run: in the checkout there is no ledger. */
function pastOf({ record, training }: Origin): Awaited<ReturnType<Ports['pastTrainings']>>[number] {
  const { run: ran, key, keyParts, commit, model } = training
  const durationMs = Math.max(0, Date.parse(ran.finishedAt ?? ran.startedAt) - Date.parse(ran.startedAt))
  const facts = { runId: ran.id, executor: ran.executor, version: record.version, key, durationMs }
  const known = Object.keys(keyParts).length > 0 ? { keyParts } : {}
  return { kind: 'training', id: `training-${ran.id}`, at: ran.startedAt, actor: '', commit, model, ...facts, ...known }
}

/** An interpreter in the work tree, such as `.venv/bin/python`, is in no commit. */
async function linkInterpreter(command: string, checkout: string, workspace: string): Promise<void> {
  const [top = ''] = command.split('/')
  if (!command.includes('/') || top === '' || top.startsWith('..')) return
  const folder = command.startsWith('./') ? command.split('/')[1] : top
  // What the commit has stays.
  if (folder) await symlink(join(workspace, folder), join(checkout, folder)).catch(() => undefined)
}
