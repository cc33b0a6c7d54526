import { type AnyStage, type ExitCode, exitCodes, type Run, type StageName, stageNames } from '@headgate/core'
import {
  type Finish,
  finishWith,
  type Outcome,
  type Runner,
  settingsSource,
  startWith,
  tellFailure,
  type Wire,
} from '@headgate/runners'
import { loadSettings } from '@headgate/settings'
import { type DeployRules, planStages } from './plan.ts'

/** What an action's package gives: the description, the run, and the choice of adapters. */
export interface StageModule {
  readonly stage: AnyStage
  readonly run: Run<AnyStage, never>
  readonly wire: Wire<AnyStage, never>
  readonly finish?: Finish<AnyStage, never>
}

/** Each stage's code is loaded only when it runs. */
export const stageModules: Readonly<Record<StageName, () => Promise<unknown>>> = {
  'validate-data': () => import('@headgate/validate-data'),
  train: () => import('@headgate/train'),
  'evaluate-gate': () => import('@headgate/evaluate-gate'),
  'register-model': () => import('@headgate/register-model'),
  deploy: () => import('@headgate/deploy'),
  'drift-check': () => import('@headgate/drift-check'),
}

export async function loadStage(name: StageName): Promise<StageModule> {
  return (await stageModules[name]()) as StageModule
}

export interface StageOutcome extends Outcome {
  readonly stage: StageName
}

/** Runs what the event asks for, stage by stage, until one is refused or fails. Never throws. */
export async function runPipeline(runner: Runner): Promise<{ exitCode: ExitCode; outcomes: readonly StageOutcome[] }> {
  const outcomes: StageOutcome[] = []
  try {
    const asked = (runner.input('stages') ?? '')
      .split(/[\n,]/)
      .map((name) => name.trim())
      .filter(Boolean)
    const names = planStages(runner.context.event, asked, await deployRules(runner))
    runner.log.info(`On ${runner.context.event}: ${names.join(', ')}.`)
    for (const name of names) {
      const { stage, run, wire } = await loadStage(name)
      const outcome = await runner.log.group(name, () => startWith(stage, run, wire, runner))
      outcomes.push({ ...outcome, stage: name })
      if (outcome.exitCode !== exitCodes.accepted) return { exitCode: outcome.exitCode, outcomes }
      if (name === 'train' && outcome.document?.verdict === 'inconclusive') {
        runner.log.notice('Nothing was trained, so there is nothing to judge.')
        break
      }
    }
    return { exitCode: exitCodes.accepted, outcomes }
  } catch (error) {
    return { exitCode: tellFailure(error, runner), outcomes }
  }
}

/** The post step: ends what each stage left running. Stages that kept nothing are not loaded. */
export async function finishPipeline(runner: Runner): Promise<ExitCode> {
  const codes: ExitCode[] = []
  for (const name of stageNames.filter((one) => runner.kept?.[one])) {
    const { stage, wire, finish } = await loadStage(name)
    if (finish) codes.push(await finishWith(stage, finish, wire, runner))
  }
  return codes.find((code) => code !== exitCodes.accepted) ?? exitCodes.accepted
}

async function deployRules(runner: Runner): Promise<DeployRules> {
  if (runner.context.event !== 'push' && runner.context.event !== 'dispatch')
    return { on: 'manual', autoPromote: false }
  const { stage } = await loadStage('deploy')
  // These alone: a model that is not deployed from here has no `serve` to read.
  const settings = await loadSettings(
    { ...stage, settings: stage.settings.pick({ on: true, autoPromote: true }) },
    settingsSource(runner),
  )
  return settings as unknown as DeployRules
}
