import { join, relative, resolve } from 'node:path'
import type { Document } from '@headgate/core'
import { UserError } from '@headgate/core'
import { digestFile, readDocument } from '@headgate/files'
import type { Candidate, GateSettings } from '@headgate/gate'
import type { Ports } from './ports.ts'
import { findPredictions, predict } from './prediction.ts'

/** The candidate, and whether its predictions lie nowhere but in a folder that goes away with the job. */
export type FoundCandidate = Candidate & { readonly isMade: boolean }

/**
 * The candidate's predictions: the file that is named, what training left, or what `predict` makes of its model.
 * @throws UserError when there are none, training says that it wrote others, or was given other test rows.
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
  if (isTrained) await refuseOtherRows(training, settings, ports)
  const facts = {
    source: relative(ports.workspace, left),
    digest,
    modelDigest: isTrained ? (training.modelArtifact?.digest ?? null) : null,
    trainingKey: isTrained ? training.key : null,
  }
  return { path: left, facts, isMade: false }
}

/** Rows that were rewritten while the model was trained, or since, are no evidence: whoever did it knew the model. */
async function refuseOtherRows(training: Document<'training'>, settings: GateSettings, ports: Ports): Promise<void> {
  const { testData } = settings
  if (testData === undefined) return
  const path = resolve(ports.workspace, testData)
  const given = training.inputs.find((input) => resolve(ports.workspace, input.path) === path)
  if (given === undefined) return
  const now = await digestFile(path).catch(() => undefined)
  if (now === undefined || now.digest === given.digest) return
  throw new UserError({
    what: `holds other rows than the training was given: ${now.digest}, not ${given.digest}.`,
    where: { file: path },
    fix: 'Find out what rewrote it, bring the rows back (`git checkout` does, where Git tracks them), and run `train` again.',
  })
}

function absent(path: string): never {
  const fix = 'Name the file of predictions with `candidate`.'
  throw new UserError({ what: 'there is no such file.', where: { file: path }, fix })
}

async function predicted(
  settings: GateSettings,
  training: Document<'training'> | undefined,
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
  if (training) await refuseOtherRows(training, settings, ports)
  const label = settings.label ?? 'label'
  const model = join(output, 'model')
  const path = await predict({ command, model, testData: resolve(ports.workspace, testData), label }, ports)
  const { digest } = await digestFile(path)
  const facts = {
    source: '`predict` with the candidate’s model',
    digest,
    modelDigest: training?.modelArtifact?.digest ?? null,
    trainingKey: training?.key ?? null,
  }
  return { path, facts, isMade: true }
}
