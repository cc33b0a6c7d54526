import type { Finish } from '@headgate/runners'
import { endJob } from './ending.ts'
import { isOver } from './executors/watch.ts'
import { readHandle } from './handle.ts'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'

/** Ends the training that an interrupted step waited for: the runner gives the step itself 7.5 seconds. */
export const finish: Finish<typeof stage, Ports> = async (_settings, ports, kept) => {
  const { job, runId } = await readHandle(kept, ports.workspace)
  const wasRunning = !isOver(await ports.executor.status(job))
  await endJob(ports, job, runId)
  if (wasRunning) ports.log.notice(`Ended run ${runId}: the step that waited for it was interrupted.`)
}
