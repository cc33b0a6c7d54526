import type { AnyStage } from '@headgate/core'
import { stage as deploy } from '@headgate/deploy'
import { stage as driftCheck } from '@headgate/drift-check'
import { stage as evaluateGate } from '@headgate/evaluate-gate'
import { stage as registerModel } from '@headgate/register-model'
import { stage as train } from '@headgate/train'
import { stage as validateData } from '@headgate/validate-data'

/** The stages, in the order of the pipeline. */
export const stages: readonly AnyStage[] = [validateData, train, evaluateGate, registerModel, deploy, driftCheck]
