import { defineStage } from '@headgate/core'
import { gateBlock } from '@headgate/gate'
import { reports } from '@headgate/stage-reports'

export const stage = defineStage({
  ...gateBlock,
  promise:
    'Decides by your policy, on held-out evidence and with intervals, whether a model may replace the one in use.',
  document: 'evaluation',
  outputs: {},
  report: reports.evaluation,
})
