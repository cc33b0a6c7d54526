import type { Document, Report, StageKind } from '@headgate/core'
import { reportDeployment } from './deployment.ts'
import { reportDrift } from './drift.ts'
import { reportEvaluation } from './evaluation.ts'
import { reportModel } from './model.ts'
import { reportReproduction } from './reproduction.ts'
import { reportTraining } from './training.ts'
import { reportValidation } from './validation.ts'

export { toleranceText } from './reproduction.ts'

type Reports = { readonly [K in StageKind]: (document: Document<K>) => Report }

/**
 * What each kind of document says to a person. Apart from the stages, so that the comment of one says what all before
 * it found, from their documents alone.
 */
export const reports: Reports = {
  validation: reportValidation,
  training: reportTraining,
  evaluation: reportEvaluation,
  model: reportModel,
  deployment: reportDeployment,
  drift: reportDrift,
  reproduction: reportReproduction,
}
