import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Findings, Run, Settings, Training } from '@headgate/core'
import { problemText, strictJson, UserError } from '@headgate/core'
import { commandText } from '@headgate/systems'
import type { Ended } from './executors/port.ts'
import { pathFrom } from './inputs.ts'
import { openOutput, readOutput, swapOutput } from './output.ts'
import { type Plan, planTraining } from './plan.ts'
import type { Ports } from './ports.ts'
import { findEarlier, keep } from './reuse.ts'
import type { stage } from './stage.ts'
import { count, duration, mebibytes } from './words.ts'

type TrainSettings = Settings<typeof stage>
type Found = Findings<typeof stage>

const shownLines = 20
const label = 'train'

/** Trains, unless the same training was done before or this event does not train. */
export const run: Run<typeof stage, Ports> = async (settings, ports) => {
  const plan = await planTraining(settings, ports)
  const unwanted = reasonNotToTrain(settings, ports)
  if (unwanted !== undefined) return notTrained(plan, ports, unwanted)
  const earlier = await findEarlier(settings, plan, ports)
  if (settings.dryRun) {
    const next = earlier.training ? 'would be reused' : `would run ${commandText(plan.argv)}`
    return notTrained(plan, ports, `dry run: ${next}, since ${earlier.reason}`)
  }
  if (earlier.training) {
    ports.log.notice(`Not trained again: ${earlier.reason}`)
    const body = { ...earlier.training, cache: { hit: true, reason: earlier.reason } }
    return { verdict: 'pass', summary: `Not trained again: ${earlier.reason}`, inputs: inputsOf(plan), body }
  }
  ports.log.info(`Training: ${earlier.reason}`)
  return train(settings, plan, ports, earlier.reason)
}

/** Why this event does not train, by `on-pull-request`; `undefined` when it does. */
export function reasonNotToTrain(
  settings: Pick<TrainSettings, 'onPullRequest'>,
  { event, labels }: Pick<Ports, 'event' | 'labels'>,
): string | undefined {
  if (event !== 'pull-request' || settings.onPullRequest === 'always') return undefined
  if (settings.onPullRequest === 'never') return 'pull requests do not train (`on-pull-request: never`).'
  if (labels.includes(label)) return undefined
  return `the pull request is not labelled \`${label}\` (\`on-pull-request: label\`).`
}

function notTrained(plan: Plan, ports: Ports, reason: string): Found {
  ports.log.notice(`Not trained: ${reason}`)
  const run = { ...describe(plan, ports, runId(ports.now())), finishedAt: null, exitCode: null, peakMemoryBytes: null }
  const body = { ...bodyOf(plan, run, reason), model: null, predictions: null }
  return { verdict: 'inconclusive', exitCode: 0, summary: `Not trained: ${reason}`, inputs: inputsOf(plan), body }
}

async function train(settings: TrainSettings, plan: Plan, ports: Ports, reason: string): Promise<Found> {
  const id = runId(ports.now())
  const described = describe(plan, ports, id)
  const folder = await openOutput(settings.workFolder, id)
  try {
    const { ended, failure } = await execute(settings, plan, ports, id, folder)
    const run: Training['run'] = {
      ...described,
      finishedAt: ports.now().toISOString(),
      exitCode: ended?.exitCode ?? null,
      peakMemoryBytes: ended?.peakMemoryBytes ?? null,
    }
    const body = bodyOf(plan, run, reason)
    if (failure) return failed(plan, body, failure)
    return await finish(settings, plan, ports, body, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

type Failure = NonNullable<Training['error']>

async function execute(
  settings: TrainSettings,
  plan: Plan,
  ports: Ports,
  id: string,
  output: string,
): Promise<{ ended?: Ended; failure?: Failure | undefined }> {
  await mkdir(ports.temporary, { recursive: true })
  const paramsFile = join(ports.temporary, `params-${id}.json`)
  await writeFile(paramsFile, strictJson(plan.params))
  const contract = {
    HEADGATE_DATA: plan.data.map(({ path }) => resolve(ports.workspace, path)).join('\n'),
    HEADGATE_OUTPUT: output,
    HEADGATE_PARAMS: paramsFile,
    HEADGATE_RUN_ID: id,
  }
  const job = {
    argv: plan.argv,
    folder: ports.workspace,
    environment: { ...plan.variables, ...contract },
    secrets: ports.secrets,
    timeoutMs: settings.timeout,
    memoryBytes: settings.memory,
    signal: ports.signal,
    onLine: (line: string) => ports.log.info(line),
  }
  try {
    const title = `Training: ${commandText(plan.argv)}`
    const ended = await ports.log.group(title, () => ports.executor.run(job))
    return { ended, failure: failureOf(ended, plan, settings) }
  } catch (error) {
    if (error instanceof UserError) return { failure: fromUserError(error) }
    throw error
  } finally {
    await rm(paramsFile, { force: true })
  }
}

function failureOf(ended: Ended, plan: Plan, settings: TrainSettings): Failure | undefined {
  if (ended.exitCode === 0 && !ended.timedOut && !ended.outOfMemory) return undefined
  const command = commandText(plan.argv)
  const last = ended.lastLines.slice(-shownLines)
  const output = last.length === 0 ? 'It printed nothing.' : `Its last lines:\n${last.join('\n')}`
  if (ended.timedOut) {
    const message = `${command} was ended after ${duration(settings.timeout ?? 0)}, its \`timeout\`. ${output}`
    return { message, remedy: 'Raise `timeout`, or train on less.' }
  }
  if (ended.outOfMemory) {
    const message = `${command} was ended above ${mebibytes(settings.memory ?? 0)}, its \`memory\`. ${output}`
    return { message, remedy: 'Raise `memory`, or train on less.' }
  }
  if (ended.exitCode !== null)
    return {
      message: `${command} ended with exit code ${ended.exitCode}. ${output}`,
      remedy: 'Mend the training code.',
    }
  const isKilled = ended.signal === 'SIGKILL'
  const why = isKilled ? ', as systems do with what takes too much memory' : ''
  return {
    message: `${command} was ended by ${ended.signal} from outside${why}. ${output}`,
    remedy: isKilled ? 'Use a machine with more memory, or train on less.' : 'Find out who ended it, and run it again.',
  }
}

async function finish(
  settings: TrainSettings,
  plan: Plan,
  ports: Ports,
  described: Training,
  folder: string,
): Promise<Found> {
  const output = await readOutput(folder).catch((error: unknown) => {
    if (error instanceof UserError) return fromUserError(error)
    throw error
  })
  if ('message' in output) return failed(plan, described, output)
  await swapOutput(settings.workFolder, folder, described.run.id)
  const path = pathFrom(ports.workspace, join(settings.workFolder, 'output', 'model'))
  const { metrics, predictions } = output
  const artifacts = [...output.artifacts]
  const body: Training = { ...described, artifacts, metrics, predictions, model: { path, ...output.model } }
  const inputs = inputsOf(plan)
  await keep(settings, plan, ports, body, inputs)
  return { verdict: 'pass', summary: summaryOf(body), inputs, body }
}

function failed(plan: Plan, body: Training, error: Failure): Found {
  const [first = ''] = error.message.split('\n')
  const summary = `Training failed: ${first.replace(/ Its last lines:$/, '')}`
  return { verdict: 'fail', exitCode: 2, summary, inputs: inputsOf(plan), body: { ...body, error } }
}

function summaryOf({ run: ran, data, artifacts, metrics }: Training): string {
  const time = Date.parse(ran.finishedAt ?? ran.startedAt) - Date.parse(ran.startedAt)
  const memory = ran.peakMemoryBytes === null ? '' : ` and at most ${mebibytes(ran.peakMemoryBytes)}`
  const shown = Object.entries(metrics).slice(0, 3)
  const measured =
    shown.length === 0
      ? ''
      : `: ${shown.map(([name, value]) => `${name} ${value === null ? 'not finite' : Number(value.toPrecision(4))}`).join(', ')}`
  return `Trained on ${count(data.length, 'input')} in ${duration(time)}${memory}; ${count(artifacts.length, 'file')} left${measured}.`
}

function describe(
  plan: Plan,
  ports: Ports,
  id: string,
): Pick<Training['run'], 'id' | 'executor' | 'handle' | 'command' | 'params' | 'startedAt'> {
  const { name, handle } = ports.executor
  const command = [...plan.argv]
  return { id, executor: name, handle, command, params: plan.params, startedAt: ports.now().toISOString() }
}

function bodyOf(plan: Plan, run: Training['run'], reason: string): Training {
  return {
    run,
    data: [...plan.data],
    code: plan.code,
    environment: plan.environment,
    metrics: {},
    artifacts: [],
    model: null,
    predictions: null,
    tracking: null,
    key: plan.key,
    cache: { hit: false, reason },
  }
}

function inputsOf(plan: Plan): { path: string; digest: string }[] {
  return [...plan.data, ...plan.testData]
}

function fromUserError(error: UserError): Failure {
  return {
    message: error.problems.map((problem) => problemText({ ...problem, fix: undefined })).join('\n'),
    remedy: error.problems.flatMap(({ fix }) => fix ?? []).join(' ') || 'Mend the training code.',
  }
}

/** `20260102T030405-1f2e3d4c`: sorts by time. */
function runId(at: Date): string {
  const time = at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')
  return `${time}-${randomBytes(4).toString('hex')}`
}
