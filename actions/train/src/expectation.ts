import { setTimeout } from 'node:timers/promises'
import { messageOf, type Settings, type Training } from '@headgate/core'
import type { EntryOf } from '@headgate/ledger'
import { counted } from '@headgate/reports'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'
import { duration } from './words.ts'

/** An earlier training, as the ledger has it. */
export type PastTraining = EntryOf<'training'>

/** The ledger's trainings, oldest first; or why they are not known. Nothing that is decided rests on them. */
export interface Past {
  readonly trainings: readonly PastTraining[]
  readonly unknown?: string
}

const patienceMs = 15_000

/** Reads the earlier trainings, and never fails: without them the duration is unknown. */
export async function readPast(read: Ports['pastTrainings']): Promise<Past> {
  const late = setTimeout(patienceMs, { trainings: [], unknown: 'it did not answer in time' }, { ref: false })
  const asked = read().then(
    (trainings) => ({ trainings }),
    (error: unknown) => ({ trainings: [], unknown: messageOf(error).split('\n')[0] ?? '' }),
  )
  return Promise.race([asked, late])
}

/** So many of the last trainings are looked at: older ones were of other data. */
const window = 5

/** What is to be expected of a training by this executor. */
export function expectationOf({ trainings }: Past, ports: Ports): NonNullable<Training['expected']> {
  const same = trainings.filter(({ executor }) => executor === ports.executor.name).slice(-window)
  const durations = same.map(({ durationMs }) => durationMs)
  return { machine: ports.machine, durationMs: median(durations), trainings: durations.length }
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]]
  return low === undefined || high === undefined ? null : (low + high) / 2
}

/** The line before a launch: where it trains, and how long that took before. */
export function expectationText(
  expected: NonNullable<Training['expected']>,
  past: Past,
  { executor }: Settings<typeof stage>,
): string {
  const where = `Executor ${executor}, machine ${expected.machine ?? 'unknown'}`
  if (expected.durationMs !== null)
    return `${where}; expected to take ${duration(expected.durationMs)}, the median of the last ${counted(expected.trainings, 'training')}.`
  const why = past.unknown
    ? `the ledger could not be read: ${past.unknown}`
    : `the ledger has no training by ${executor}`
  return `${where}; expected duration unknown, since ${why.replace(/\.$/, '')}.`
}
