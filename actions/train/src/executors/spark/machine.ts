import type { Executor } from '../port.ts'
import type { SparkSettings } from './settings.ts'

/** Properties that say how much is asked of the master, and how a bill would call them. */
const sizes: readonly (readonly [string, string])[] = [
  ['spark.executor.instances', 'executors'],
  ['spark.executor.cores', 'cores each'],
  ['spark.executor.memory', 'memory each'],
  ['spark.driver.memory', 'driver memory'],
]

/** Of `local` masters everything is this machine’s; of the others only what was asked for is known. */
export function machineOf({ master, conf }: SparkSettings): NonNullable<Executor['machine']> {
  const asked = sizes.flatMap(([property, name]) => (conf[property] === undefined ? [] : [`${conf[property]} ${name}`]))
  return { isThis: master.startsWith('local'), size: [master, ...asked].join(', ') }
}
