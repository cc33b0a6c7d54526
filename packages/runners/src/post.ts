import type { AnyStage, ExitCode, Settings } from '@headgate/core'
import { exitCodes } from '@headgate/core'
import { loadSettings } from '@headgate/settings'
import { tellFailure } from './failure.ts'
import type { Runner, Wire } from './port.ts'
import { settingsSource } from './source.ts'
import { withToken } from './token.ts'

/** By this a post step knows that it is one. */
export const begun = 'headgate-step'

/** Ends what a step left running: it gets the text that the step kept under the stage's name. */
export type Finish<S extends AnyStage, Ports> = (settings: Settings<S>, ports: Ports, kept: string) => Promise<void>

/** Tells the runner, before anything else, that the step has begun: what runs of this action later is its post step. */
export function markBegun(runner: Pick<Runner, 'keep'>): void {
  runner.keep(begun, 'begun')
}

/**
 * A stage's part of the post step. A step that came to its end has kept nothing, and nothing is loaded for it.
 * Never throws: what goes wrong is told, and becomes an exit code.
 */
export async function finishWith<S extends AnyStage, Ports>(
  stage: S,
  finish: Finish<S, NoInfer<Ports>>,
  wire: Wire<S, Ports>,
  runner: Runner,
): Promise<ExitCode> {
  const kept = runner.kept?.[stage.name]
  if (!kept) return exitCodes.accepted
  try {
    const settings = await loadSettings(stage, settingsSource(runner))
    const wired = await wire(settings, withToken(runner, settings))
    await finish(settings, wired.ports, kept)
    return exitCodes.accepted
  } catch (error) {
    return tellFailure(error, runner)
  }
}
