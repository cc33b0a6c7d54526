import type { DeploymentStep } from '@headgate/core'
import { messageOf } from '@headgate/core'

/** The steps of a deployment with what was seen in each. */
export interface Journal {
  readonly steps: readonly DeploymentStep[]
  /** Runs a step; `work` returns its evidence. */
  run(name: StepName, work: () => Promise<string>): Promise<void>
  /** Marks what was not begun as skipped. */
  skipRest(evidence: string): void
}

export const stepNames = [
  'plan',
  'fetch and verify',
  'start',
  'health',
  'smoke',
  'switch',
  'promote',
  'drain',
  'stop old',
] as const
type StepName = (typeof stepNames)[number]

/** A journal with all steps pending. `changed` is called after each change, and waited for. */
export function openJournal(now: () => Date, changed: (steps: readonly DeploymentStep[]) => Promise<void>): Journal {
  const steps: DeploymentStep[] = stepNames.map((name) => {
    return { name, status: 'pending', startedAt: null, durationMs: null, evidence: '' }
  })
  const set = async (name: StepName, part: Partial<DeploymentStep>): Promise<void> => {
    const step = steps.find((candidate) => candidate.name === name)
    if (step) Object.assign(step, part)
    await changed(steps)
  }
  return {
    steps,
    run: async (name, work) => {
      const started = now()
      const elapsed = (): number => Math.max(0, now().getTime() - started.getTime())
      await set(name, { status: 'running', startedAt: started.toISOString() })
      try {
        const evidence = await work()
        await set(name, { status: 'done', durationMs: elapsed(), evidence })
      } catch (error) {
        await set(name, { status: 'failed', durationMs: elapsed(), evidence: messageOf(error) })
        throw error
      }
    },
    skipRest: (evidence) => {
      for (const step of steps) if (step.status === 'pending') Object.assign(step, { status: 'skipped', evidence })
    },
  }
}
