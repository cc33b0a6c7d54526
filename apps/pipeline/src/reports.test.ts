import { reports } from '@headgate/stage-reports'
import { expect, test } from 'vitest'
import { loadStage, stageModules } from './pipeline.ts'

test.each(Object.keys(stageModules) as (keyof typeof stageModules)[])(
  'what %s says of its document, every other stage says of it too',
  async (name) => {
    const { stage } = await loadStage(name)
    expect(stage.report).toBe(reports[stage.document as keyof typeof reports])
  },
)
