import type { Finish } from '@headgate/runners'
import { isOver } from './executors/watch.ts'
import { readHandle } from './handle.ts'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'

/** Ends the training that an interrupted step waited for: the runner gives the step itself 7.5 seconds. */
export const finish: Finish<typeof stage, Ports> = async (_settings, { executor, tracking, log, workspace }, kept) => {
  const { job, runId } = await readHandle(kept, workspace)
  if (!isOver(await executor.status(job))) {
    await executor.cancel(job)
    log.notice(`Ended run ${runId}: the step that waited for it was interrupted.`)
  }
  await executor.release(job)
  await (await tracking?.find(runId))?.end('killed')
}
