import { type Problem, UserError } from '@headgate/core'
import { demand } from './ability.ts'
import { ask, type Client } from './client.ts'
import { nothing, pairs } from './values.ts'

/** Data that a run used. */
export interface Dataset {
  readonly name: string
  /** At most 36 characters: MLflow has room for an MD5, not for a SHA-256. */
  readonly digest: string
  /** What kind of source `source` describes, such as `local`, `http` or `s3`. */
  readonly sourceType: string
  /** JSON by which MLflow's client finds the source again. */
  readonly source: string
  /** What it was used for, as MLflow says it: `training`, `validation`, `test`. */
  readonly context: string
  readonly tags: Readonly<Record<string, string>>
}

const longestDigest = 36
const longestName = 500
const mostInOneRequest = 100

/**
 * Logs the data that a run used; logging the same again changes nothing.
 * @throws UserError where the server keeps no datasets, and for what it would refuse.
 */
export async function logInputs(client: Client, runId: string, datasets: readonly Dataset[]): Promise<void> {
  demand(client, 'dataset-inputs')
  const problems = datasets.flatMap((dataset): Problem[] => [
    ...(dataset.name.length > longestName || dataset.name === ''
      ? [
          {
            what: `the dataset’s name ${JSON.stringify(dataset.name.slice(0, 40))} has not 1 to ${longestName} characters.`,
          },
        ]
      : []),
    ...(dataset.digest.length > longestDigest || dataset.digest === ''
      ? [{ what: `the digest of the dataset ${dataset.name} has not 1 to ${longestDigest} characters.` }]
      : []),
  ])
  if (problems.length > 0) throw new UserError(problems)
  for (let at = 0; at < datasets.length; at += mostInOneRequest) {
    const part = datasets.slice(at, at + mostInOneRequest).map(({ context, tags, sourceType, ...dataset }) => ({
      tags: [{ key: 'mlflow.data.context', value: context }, ...pairs(tags)],
      dataset: { name: dataset.name, digest: dataset.digest, source_type: sourceType, source: dataset.source },
    }))
    const body = { run_id: runId, datasets: part }
    await ask(client, { method: 'POST', path: 'mlflow/runs/log-inputs', body }, nothing)
  }
}

/** As much of a digest as MLflow keeps, without its kind. */
export function shortDigest(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1).slice(0, longestDigest)
}
