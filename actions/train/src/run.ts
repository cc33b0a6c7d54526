import type { Findings, Run, Settings } from '@headgate/core'
import { UserError } from '@headgate/core'
import { commandText } from '@headgate/systems'
import { bodyOf, describe, inputsOf, newRunId } from './body.ts'
import { bringData } from './data/bring.ts'
import type { Source } from './data/source.ts'
import { executorBlocks } from './executors/blocks.ts'
import { expectationOf, expectationText, type Past, readPast } from './expectation.ts'
import { type Handle, readHandle } from './handle.ts'
import { changedParts } from './key.ts'
import { dataPlaceOf, outlineTraining, type Plan, planTraining } from './plan.ts'
import type { Ports } from './ports.ts'
import { reasonNotToTrain } from './pull-request.ts'
import { type Earlier, findEarlier, noEarlier } from './reuse.ts'
import type { stage } from './stage.ts'
import { sweep } from './sweep.ts'
import { attachTo, submit } from './training.ts'
import { trustOf } from './trust.ts'

type TrainSettings = Settings<typeof stage>
type Found = Findings<typeof stage>
type Block = keyof typeof executorBlocks

/** Trains, unless the same training was done before or this event does not train. */
export const run: Run<typeof stage, Ports> = async (own, ports) => {
  const settings = { ...own, ...ports.held }
  if (settings.sweep) return sweep(settings, await outlineTraining(settings, ports), ports)
  const unwanted = reasonNotToTrain(settings, ports)
  if (unwanted !== undefined) return notTrained(await outlineTraining(settings, ports), ports, unwanted)
  const [past, planned] = await Promise.all([readPast(ports.pastTrainings), planTraining(settings, ports)])
  const plan = { ...planned, expected: expectationOf(past, ports) }
  tellUnused(settings, ports)
  if (settings.attach !== undefined) {
    const handle = await readHandle(settings.attach, ports.workspace)
    refuseOther(handle, settings, plan)
    refuseUntrusted(handle, ports)
    return attachTo(handle, settings, plan, ports)
  }
  const earlier = withPast(await findEarlier(settings, plan, ports), plan, past)
  if (!earlier.training) ports.log.info(expectationText(plan.expected, past, settings))
  if (settings.dryRun) {
    const next = earlier.training ? 'would be reused' : `would run ${commandText(plan.command)}`
    return notTrained(plan, ports, `dry run: ${next}, since ${earlier.reason}`)
  }
  if (earlier.training) {
    ports.log.notice(`Not trained again: ${earlier.reason}`)
    const body = { ...earlier.training, cache: { hit: true, reason: earlier.reason } }
    return { verdict: 'pass', summary: `Not trained again: ${earlier.reason}`, inputs: inputsOf(plan), body }
  }
  ports.log.info(`Training: ${earlier.reason}`)
  return submit(settings, await bring(settings, plan, ports), ports, earlier.reason)
}

/** Whoever wrote the block of an executor may believe that it is used. */
function tellUnused(settings: TrainSettings, { log }: Ports): void {
  const isUnused = (name: string): boolean => name !== settings.executor && settings[name as Block] !== undefined
  const unused = Object.keys(executorBlocks).filter(isUnused)
  const named = unused.map((name) => `\`${name}:\``).join(' and ')
  const have = unused.length === 1 ? 'has' : 'have'
  if (unused.length > 0) log.info(`${named} ${have} no effect: the executor is ${settings.executor}.`)
}

/** Brings the data here; a pipeline of DVC does that for what DVC tracks, and only where it needs it. */
async function bring(settings: TrainSettings, plan: Plan, ports: Ports): Promise<Plan> {
  const isOwn = ({ absent }: Source): boolean => plan.locks === undefined || absent?.kind !== 'dvc'
  const [data, testData] = [plan.sources.data, plan.sources.testData.filter(({ url }) => url === undefined)]
  const brought = await bringData([...data, ...testData].filter(isOwn), dataPlaceOf(settings, ports))
  const byPath = new Map(brought.map((source) => [source.path, source]))
  const sources = { ...plan.sources, data: data.map((source) => byPath.get(source.path) ?? source) }
  return { ...plan, sources, data: sources.data.map(({ input }) => input) }
}

/** Where no earlier training is at hand, what changed since the last one that the ledger has. */
function withPast(earlier: Earlier, plan: Plan, { trainings }: Past): Earlier {
  const last = trainings.at(-1)
  if (earlier.training || earlier.reason !== noEarlier || last?.keyParts === undefined) return earlier
  const changed = changedParts(last.keyParts, plan.parts)
  const which = last.version === undefined ? '' : ` (version ${last.version})`
  const since = `since run ${last.runId ?? 'of the ledger'}${which}`
  const reason =
    changed.length > 0
      ? `changed ${since}: ${changed.join(', ')}.`
      : `nothing changed ${since}, but what it left is not here.`
  return { training: undefined, reason }
}

function notTrained(plan: Plan, ports: Ports, reason: string): Found {
  ports.log.notice(`Not trained: ${reason}`)
  const run = describe(plan, ports.executor.name, newRunId(ports.now()), ports.now())
  const body = bodyOf(plan, run, reason)
  return { verdict: 'inconclusive', exitCode: 0, summary: `Not trained: ${reason}`, inputs: inputsOf(plan), body }
}

/** What a pull request trained is never registered. */
function refuseUntrusted({ trust, runId }: Handle, { context }: Ports): void {
  if (trust === 'main' || trustOf(context) !== 'main') return
  const what = `run ${runId} was submitted by a pull request or another branch, and the default branch takes over only its own.`
  throw new UserError({ what, fix: 'Train again here: run it without `attach`.' })
}

/** A handle of other inputs would give this commit a model that is not its own. */
function refuseOther(handle: Handle, settings: TrainSettings, plan: Plan): void {
  const differ = [
    ...(handle.model === settings.model ? [] : [`the model (${handle.model}, here ${settings.model})`]),
    ...(handle.executor === settings.executor ? [] : [`the executor (${handle.executor}, here ${settings.executor})`]),
    ...(handle.key === plan.key ? [] : [`the training key (${handle.key}, here ${plan.key})`]),
  ]
  if (differ.length === 0) return
  const fix = `Attach in a checkout of ${handle.commit || 'the commit that submitted it'}, with the same settings and data.`
  throw new UserError({ what: `this handle is of another training; it differs in ${differ.join(', ')}.`, fix })
}
