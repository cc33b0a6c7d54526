import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Deployment, Findings, Model, Settings } from '@headgate/core'
import { mayWrite, messageOf, OutsideError, problemText, Refusal, UserError } from '@headgate/core'
import { digestTree } from '@headgate/files'
import { ask, waitForHealth } from './health.ts'
import { type Journal, openJournal } from './journal.ts'
import type { Ports } from './ports.ts'
import { type Promotion, promote } from './promotion.ts'
import { type Example, type Send, tryExample } from './smoke.ts'
import type { stage } from './stage.ts'
import type { Instance, Target } from './targets/port.ts'

/** A version on its way to traffic, all questions about it answered. */
export interface Order {
  readonly settings: Settings<typeof stage>
  readonly model: Model
  /** The version that the champion alias names now; `null` when none does. */
  readonly champion: string | null
  readonly smoke: readonly Example[]
  readonly reason: string
  /** Whether this goes back to an earlier version on purpose. */
  readonly isRollback: boolean
  /** What the plan step saw; throws a Refusal when the version may not be served. */
  readonly plan: () => Promise<string>
}

/** How far a deployment has come, for whoever must clean up after it. */
interface Progress {
  before: Instance | undefined
  started: Instance | undefined
  switched: boolean
  promotion: Promotion | undefined
}

/** Takes a version through all steps; when one fails, the version before serves on. */
export async function deploy(order: Order, ports: Ports): Promise<Findings<typeof stage>> {
  const { target } = ports
  const before = await target.serving()
  const progress: Progress = { before, started: undefined, switched: false, promotion: undefined }
  const journal: Journal = openJournal(ports.now, (steps) =>
    ports.record({ ...bodyOf(order, ports, before), steps: [...steps] }),
  )
  try {
    if (before && isSame(before, order.model) && (await isServing(order, ports, before)))
      return await confirm(order, ports, journal, before)
    await takeSteps(order, ports, journal, progress)
    return succeeded(order, ports, journal, progress.before)
  } catch (error) {
    return failed(order, ports, journal, progress, error)
  }
}

function isSame(instance: Instance, model: Model): boolean {
  return instance.version === model.version && instance.digest === model.digest
}

async function isServing({ settings }: Order, { target }: Ports, instance: Instance): Promise<boolean> {
  return (await target.isAlive(instance)) && (await ask(target, instance, settings.health)) === 'healthy'
}

/** The version serves already: only what a run that was killed left undone is completed. */
async function confirm(
  order: Order,
  ports: Ports,
  journal: Journal,
  serving: Instance,
): Promise<Findings<typeof stage>> {
  await journal.run('plan', order.plan)
  await journal.run('switch', () => ports.target.switchTo(serving))
  const promotion: Promotion = { moved: false, recorded: false }
  await journal.run('promote', () => promote(order, ports, serving, promotion))
  journal.skipRest('This version serves already.')
  const done = promotion.moved || promotion.recorded ? 'what was left undone is done now' : 'nothing to do'
  const body = { ...bodyOf(order, ports, serving), previousVersion: serving.previousVersion, steps: [...journal.steps] }
  const summary = `Version ${serving.version} serves ${order.settings.environment} already: ${done}.`
  return { verdict: 'pass', summary, inputs: [], body }
}

async function takeSteps(order: Order, ports: Ports, journal: Journal, progress: Progress): Promise<void> {
  const { settings, model } = order
  const { target, signal } = ports
  const folder = target.releaseFolder(model.version, model.digest)
  await journal.run('plan', async () => {
    const seen = await order.plan()
    await target.check()
    return seen
  })
  await journal.run('fetch and verify', () => fetchVersion(model, folder, ports))
  signal.throwIfAborted()
  let started: Instance | undefined
  await journal.run('start', async () => {
    started = await target.start({ version: model.version, digest: model.digest, folder })
    progress.started = started
    return `Version ${model.version} was started at ${started.url}${progress.before ? `, beside ${progress.before.version}` : ''}.`
  })
  if (started === undefined) throw new Error('started nothing')
  const instance: Instance = started
  await journal.run('health', () => waitForHealth(target, instance, settings.health, settings.healthTimeout, signal))
  await journal.run('smoke', () => smoke(order, target, instance, signal))
  await journal.run('switch', async () => {
    progress.switched = true
    const seen = await target.switchTo(instance)
    return `${seen} ${await checkTraffic(order, ports)}`
  })
  progress.promotion = { moved: false, recorded: false }
  const promotion = progress.promotion
  await journal.run('promote', () => promote(order, ports, instance, promotion))
  // From here on the new version stays, whatever becomes of the old one.
  await journal.run('drain', () => target.drain(settings.drain))
  await journal.run('stop old', () => target.stopOld())
}

/** Downloads into a folder beside, so that the version's folder is whole or not there. */
async function fetchVersion(model: Model, folder: string, ports: Ports): Promise<string> {
  const known = await digestTree(folder).catch(() => undefined)
  if (known?.digest === model.digest)
    return `The files were there (${known.files.length}), and have the digest ${model.digest}.`
  const draft = `${folder}.partial`
  await rm(draft, { recursive: true, force: true })
  await mkdir(dirname(folder), { recursive: true })
  await ports.download(model, draft)
  const { digest, files } = await digestTree(draft)
  if (digest !== model.digest) {
    await rm(draft, { recursive: true, force: true })
    throw new Refusal(`The files of version ${model.version} have the digest ${digest}, not ${model.digest}.`)
  }
  await rm(folder, { recursive: true, force: true })
  await rename(draft, folder)
  return `The files (${files.length}) have the digest ${digest}.`
}

async function smoke(
  { settings, smoke: examples }: Order,
  target: Target,
  instance: Instance,
  signal: AbortSignal,
): Promise<string> {
  const send: Send = (path, init) => target.send(instance, path, init)
  const problems: string[] = []
  for (const example of examples) {
    signal.throwIfAborted()
    problems.push(...[await tryExample(send, example)].filter((problem) => problem !== undefined))
  }
  const metrics = settings.metrics === undefined ? 'healthy' : await ask(target, instance, settings.metrics)
  if (metrics !== 'healthy') problems.push(`metrics at ${settings.metrics}: ${metrics}`)
  if (problems.length > 0) throw new Refusal(problems.join('\n'))
  const answered = examples.length === 0 ? 'No example requests are given' : `${examples.length} requests as expected`
  return settings.metrics === undefined ? `${answered}.` : `${answered}; metrics at ${settings.metrics}.`
}

/** Looks at the new version the way users do. */
async function checkTraffic({ settings }: Order, { target }: Ports): Promise<string> {
  const url = `${target.endpoint}${settings.health}`
  const look = () => ask(target, 'traffic', settings.health)
  for (let tries = 0; tries < 5; tries += 1) if ((await look()) === 'healthy') return `${url} answered 2xx.`
  throw new Refusal(`After the switch ${url} said: ${await look()}.`)
}

function succeeded(order: Order, ports: Ports, journal: Journal, before: Instance | undefined): Findings<typeof stage> {
  const { model, settings, isRollback } = order
  const body = { ...bodyOf(order, ports, before), rolledBack: isRollback, steps: [...journal.steps] }
  const place = `${settings.environment} at ${ports.target.endpoint}`
  const after = before && before.version !== model.version ? `, after ${before.version}` : ''
  const what = isRollback ? `Rolled back: version ${model.version} serves` : `Version ${model.version} serves`
  return { verdict: 'pass', summary: `${what} ${place}${after}.`, inputs: inputsOf(model), body }
}

async function failed(
  order: Order,
  ports: Ports,
  journal: Journal,
  progress: Progress,
  error: unknown,
): Promise<Findings<typeof stage>> {
  const { model, settings } = order
  const { before, started } = progress
  const step = journal.steps.find(({ status }) => status === 'failed')?.name ?? 'plan'
  const isKept = step === 'drain' || step === 'stop old' || progress.promotion?.moved === true
  const undone = isKept ? 'the new version serves' : await goBack(ports, progress)
  if (ports.signal.aborted) throw ports.signal.reason
  const account = accountOf(error)
  if (account === undefined) throw error
  journal.skipRest(`The step ${step} failed.`)
  const rolledBack = started !== undefined && !isKept
  const summary = `Version ${model.version} was not deployed to ${settings.environment}: ${step} failed; ${undone}.`
  const kept = `Version ${model.version} serves ${settings.environment}, but ${step} failed: run again to complete it.`
  const body: Deployment = {
    ...bodyOf(order, ports, before),
    steps: [...journal.steps],
    rolledBack,
    reason: `${step}: ${account.message}`,
    error: { message: account.message, remedy: account.remedy },
  }
  if (rolledBack && mayWrite(ports.context)) await tell(order, ports, before, started, step)
  const { exitCode } = account
  return { verdict: 'fail', exitCode, summary: isKept ? kept : summary, inputs: inputsOf(model), body }
}

/** Ends what was started, after the traffic has gone back. */
async function goBack({ target }: Ports, { before, started, switched }: Progress): Promise<string> {
  if (switched) await target.switchBack()
  if (started) await target.stop(started)
  if (before === undefined) return 'nothing serves'
  return (await target.isAlive(before))
    ? `version ${before.version} serves on`
    : `version ${before.version} is not running`
}

interface Account {
  readonly exitCode: 1 | 2 | 3
  readonly message: string
  readonly remedy: string
}

function accountOf(error: unknown): Account | undefined {
  if (error instanceof Refusal)
    return { exitCode: 1, message: error.message, remedy: 'See the step that failed; the evidence is beside it.' }
  if (error instanceof UserError) {
    const message = error.problems.map((problem) => problemText({ ...problem, fix: undefined })).join('\n')
    const remedy = error.problems.flatMap(({ fix }) => fix ?? []).join(' ')
    return { exitCode: 2, message, remedy: remedy || 'Mend it, and deploy again.' }
  }
  if (error instanceof OutsideError)
    return { exitCode: 3, message: `${error.tried} ${error.state}`, remedy: error.next }
  return undefined
}

/** The ledger learns of a version that did not stay. Where it cannot, the document still says so. */
async function tell(
  { model, settings }: Order,
  ports: Ports,
  before: Instance | undefined,
  started: Instance,
  step: string,
): Promise<void> {
  const { commit, actor, run } = ports.context
  const entry = {
    kind: 'deployment' as const,
    id: `deployment-${started.id}-undone`,
    commit: commit === '' ? null : commit,
    actor,
    ...(run ? { run: { id: run.id, url: run.url } } : {}),
    environment: settings.environment,
    version: model.version,
    previousVersion: before?.version ?? null,
    status: before ? ('rolled-back' as const) : ('failed' as const),
    endpoint: ports.target.endpoint,
    reason: `the step ${step} failed`,
  }
  await ports.ledger
    .update(model.name, () => [entry])
    .catch((error: unknown) => ports.log.warning(`The ledger does not know of this: ${messageOf(error)}`))
}

function inputsOf(model: Model): { path: string; digest: string }[] {
  return [{ path: model.registry.reference, digest: model.digest }]
}

/** What is known of a deployment before its first step. */
export function bodyOf(
  { model, settings, reason }: Order,
  { target }: Ports,
  before: Instance | undefined,
): Deployment {
  return {
    environment: settings.environment,
    production: settings.production,
    target: target.name,
    name: model.name,
    version: model.version,
    digest: model.digest,
    previousVersion: before?.version ?? null,
    endpoint: target.endpoint,
    steps: [],
    rolledBack: false,
    reason,
  }
}
