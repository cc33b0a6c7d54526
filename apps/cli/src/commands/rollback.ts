import { rollback, rollbackStage, wire } from '@headgate/deploy'
import type { StageModule } from '@headgate/pipeline'
import type { Streams } from '../command.ts'
import { runModule } from './stage.ts'

/** `headgate rollback`: of the same make as a stage. */
export function runRollback(words: readonly string[], streams: Streams): Promise<number> {
  return runModule({ stage: rollbackStage, run: rollback, wire } as unknown as StageModule, words, streams)
}
