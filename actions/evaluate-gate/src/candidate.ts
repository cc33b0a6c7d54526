import { join, relative, resolve } from 'node:path'
import type { Training } from '@headgate/core'
import { UserError } from '@headgate/core'
import { digestFile, readDocument } from '@headgate/files'
import type { Candidate, GateSettings } from '@headgate/gate'
import type { Ports } from './ports.ts'
import { findPredictions, predict } from './prediction.ts'

/** The candidate, and whether its predictions lie nowhere but in a folder that goes away with the job. */
export type FoundCandidate = Candidate & { readonly isMade: boolean }

/**
 * The candidate's predictions: the file that is named, what training left, or what `predict` makes of its model.
 * @throws UserError when there are none, or training says that it wrote others.
 */
export async function findCandidate(settings: GateSettings, ports: Ports): Promise<FoundCandidate> {
  const training = await readDocument('training', settings.workFolder)
  const output = join(settings.workFolder, 'output')
  const named = settings.candidate === undefined ? undefined : resolve(ports.workspace, settings.candidate)
  const left = named ?? (await findPredictions(output))
  if (left === undefined) return predicted(settings, training, ports)
  const { digest } = await digestFile(left).catch(() => absent(left))
  const isTrained = training?.predictions?.digest === digest
  if (named === undefined && training?.predictions && !isTrained)
    throw new UserError({
      what: 'is not what training wrote: its digest differs from that in training.json.',
      where: { file: left },
      fix: 'Run `train` again, or name the file with `candidate` if it is meant.',
    })
  const facts = {
    source: relative(ports.workspace, left),
    digest,
    modelDigest: isTrained ? (training.model?.digest ?? null) : null,
    trainingKey: isTrained ? training.key : null,
  }
  return { path: left, facts, isMade: false }
}

function absent(path: string): never {
  const fix = 'Name the file of predictions with `candidate`.'
  throw new UserError({ what: 'there is no such file.', where: { file: path }, fix })
}

async function predicted(
  settings: GateSettings,
  training: Training | undefined,
  ports: Ports,
): Promise<FoundCandidate> {
  const { predict: command, testData } = settings
  const output = join(settings.workFolder, 'output')
  if (command === undefined || testData === undefined)
    throw new UserError({
      what: 'there are no predictions of the candidate.',
      where: { file: output },
      fix: 'Let training leave predictions.parquet, name a file with `candidate`, or set `predict` and `test-data`.',
    })
  const label = settings.label ?? 'label'
  const model = join(output, 'model')
  const path = await predict({ command, model, testData: resolve(ports.workspace, testData), label }, ports)
  const { digest } = await digestFile(path)
  const facts = {
    source: '`predict` with the candidate’s model',
    digest,
    modelDigest: training?.model?.digest ?? null,
    trainingKey: training?.key ?? null,
  }
  return { path, facts, isMade: true }
}
