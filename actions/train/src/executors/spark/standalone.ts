import { join } from 'node:path'
import { addressesOf, type DriverStatus, sparkRest } from '@headgate/systems/spark'
import type { JobStatus } from '../port.ts'
import { libraryArguments, propertiesOf } from './arguments.ts'
import { readSubmission, type Submitter, writeSubmission } from './cluster.ts'
import type { SparkSettings } from './settings.ts'

const defaultPort = 6066

/** Hands drivers to the REST server of a standalone master. */
export function standaloneSubmitter({ master, rest }: SparkSettings): Submitter {
  const addresses = rest ? [rest] : addressesOf(master).map(({ host }) => `http://${host}:${defaultPort}`)
  const client = sparkRest(addresses)
  return {
    // A driver that no master has ever had: that it is not found is an answer.
    check: async () => void (await client.status('driver-0')),
    submit: async (spec, folder, settings) => {
      const secrets = spec.secretNames.map((name) => [name, spec.variables[name] ?? ''] as const)
      const id = await client.create({
        // A standalone master takes no Python application. It does take this, which runs one on the worker.
        mainClass: 'org.apache.spark.deploy.SparkSubmit',
        args: nestedArguments(spec.name, folder, settings),
        environment: Object.fromEntries(secrets),
        properties: { ...propertiesOf(settings), 'spark.app.name': spec.name, 'spark.master': master },
      })
      await writeSubmission(folder, id)
    },
    look: async (folder) => {
      const id = await readSubmission(folder)
      return id === undefined ? undefined : statusOf(id, await client.status(id))
    },
    kill: async (folder) => {
      const id = await readSubmission(folder)
      if (id !== undefined) await client.kill(id)
    },
  }
}

function nestedArguments(name: string, folder: string, settings: SparkSettings): string[] {
  return [
    ...['--master', settings.master, '--deploy-mode', 'client', '--name', name],
    ...libraryArguments(settings),
    ...Object.entries(propertiesOf(settings)).flatMap(([key, value]) => ['--conf', `${key}=${value}`]),
    ...[join(folder, 'launcher.py'), folder],
  ]
}

function statusOf(id: string, { state, worker, message }: DriverStatus): JobStatus {
  const place = worker === undefined ? '' : ` on ${worker}`
  const failed = { state: 'failed', exitCode: null } as const
  switch (state) {
    case 'SUBMITTED':
      return { state: 'waiting', exitCode: null }
    case 'RUNNING':
    case 'RELAUNCHING':
    case 'UNKNOWN':
      return { state: 'running', exitCode: null }
    case 'FINISHED':
      return { state: 'succeeded', exitCode: 0 }
    case 'KILLED':
      return { ...failed, state: 'cancelled' }
    case 'FAILED':
    case 'ERROR':
      return { ...failed, cause: 'start', message: message ?? `${id} ended${place}, whose page has its log` }
    case 'NOT_FOUND':
      return { ...failed, cause: 'lost', message: `the master does not know ${id} any more` }
  }
}
