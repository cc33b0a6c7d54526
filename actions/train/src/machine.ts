import { availableParallelism } from 'node:os'
import type { Settings } from '@headgate/core'
import type { Runner } from '@headgate/runners'
import { memoryBytes } from './environment/machine.ts'
import type { Executor } from './executors/port.ts'
import type { stage } from './stage.ts'

type Variables = Runner['variables']

/** The machine that will train, in words for a bill; `null` where nothing of it is known. */
export function machineText(
  executor: Pick<Executor, 'machine'>,
  { memory }: Pick<Settings<typeof stage>, 'memory'>,
  variables: Variables,
): string | null {
  const parts = [
    ...(executor.machine?.isThis
      ? [runnerText(variables), `${availableParallelism()} CPUs`, gigabytes(memoryBytes())]
      : []),
    executor.machine?.size,
    memory === undefined ? undefined : `at most ${gigabytes(memory)}`,
  ].filter((part) => part !== undefined && part !== null && part !== '')
  return parts.length === 0 ? null : parts.join(', ')
}

/** What the CI says of its runner: hosted ones by image and architecture, others by their names and tags. */
function runnerText(variables: Variables): string | undefined {
  const { RUNNER_ENVIRONMENT, ImageOS, RUNNER_ARCH, RUNNER_NAME } = variables
  if (RUNNER_ENVIRONMENT === 'github-hosted') return words(RUNNER_ENVIRONMENT, ImageOS, RUNNER_ARCH)
  const name = RUNNER_NAME || variables.CI_RUNNER_DESCRIPTION || variables.NODE_NAME
  if (!name) return undefined
  return words(`runner ${name}`, variables.CI_RUNNER_TAGS || variables.NODE_LABELS || ImageOS, RUNNER_ARCH)
}

function words(...parts: readonly (string | undefined)[]): string {
  return parts.filter(Boolean).join(' ')
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toLocaleString('en-US', { maximumFractionDigits: 1 })} GB`
}
