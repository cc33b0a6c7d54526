import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, OutsideError } from '@headgate/core'
import { deleteRayJob, findRayJob, type Ray, type RayJob, stopRayJob, submitRayJob } from '@headgate/systems/ray'
import { isOver } from '../watch.ts'
import { runFolder } from './driver.ts'
import { entrypointOf } from './entrypoint.ts'
import { labelOf } from './labels.ts'
import { stateOf } from './status.ts'

/** Stays, with what follows, within what CI runners leave a cancelled job: 7.5 seconds. */
const longestMs = 6500
const pendingMs = 1500
const askedMs = 200

/**
 * Ends a job, and waits until Ray says that it has ended.
 * @throws OutsideError when it has not after some seconds; what was asked for goes on.
 */
export async function cancelRun(ray: Ray, id: string, runId: string): Promise<void> {
  const begin = Date.now()
  let isKilled = false
  for (;;) {
    const job = await findRayJob(ray, id)
    if (job === undefined || labelOf(job, 'run-id') !== runId || isOver({ state: stateOf(job) })) return
    const passed = Date.now() - begin
    if (passed > longestMs) throw stillThere(ray, id, job)
    // Asked again and again: a job that is just being started does not hear it.
    await stopRayJob(ray, id)
    if (job.status === 'PENDING' && passed > pendingMs && !isKilled) {
      isKilled = true
      await killWaiting(ray, id)
    }
    await sleep(askedMs)
  }
}

function stillThere({ address }: Ray, id: string, { status }: RayJob): OutsideError {
  return new OutsideError({
    tried: `The job ${id} on ${address} was asked to end.`,
    state: `It is still ${status}.`,
    next: `Ask again with \`headgate train --sweep\`, or \`ray job stop ${id}\`.`,
  })
}

/** Ray does not end a job that waits for resources before it has them; its supervisor can be taken away, by another job. */
async function killWaiting(ray: Ray, id: string): Promise<void> {
  const code = [
    'import ray',
    'ray.init(log_to_driver=False)',
    `ray.kill(ray.get_actor("_ray_internal_job_actor_${id}", namespace="SUPERVISOR_ACTOR_RAY_NAMESPACE"))`,
  ].join('; ')
  await runErrand(ray, { id: `${id}-end`, argv: ['python3', '-c', code], node: undefined })
}

/** Ray still watches a job for so long after its end. */
const watchedMs = 2500

/**
 * Removes what a node keeps of a run that has succeeded, and what Ray knows of it. Of others the node keeps nothing to
 * speak of, and Ray knows them until they are replaced.
 */
export async function releaseRun(ray: Ray, id: string, runId: string, tell: (message: string) => void): Promise<void> {
  const job = await findRayJob(ray, id)
  if (job === undefined || labelOf(job, 'run-id') !== runId || job.status !== 'SUCCEEDED') return
  const errand = `${id}-release-${randomBytes(4).toString('hex')}`
  try {
    await removeFolder(ray, job, runId, errand)
    await sleep(watchedMs)
    for (const over of [id, errand]) await deleteRayJob(ray, over)
  } catch (error) {
    // The training is done, and collected.
    tell(`What ${id} left on its node of Ray could not be removed: ${messageOf(error)}`)
  }
}

const removedWithinMs = 60_000

/** Ray’s interface removes no files: a job does, on the node of the run. */
async function removeFolder(ray: Ray, job: RayJob, runId: string, errand: string): Promise<void> {
  const host = URL.parse(job.driver_agent_http_address ?? '')?.hostname
  // By its log, a job of the node knows where Ray’s logs are.
  const script = 'link="$(dirname "$(readlink /proc/$$/fd/1)")/$0" && rm -rf -- "$(readlink "$link")" "$link"'
  await runErrand(ray, { id: errand, argv: ['/bin/sh', '-c', script, runFolder(runId)], node: host })
  for (const until = Date.now() + removedWithinMs; ; ) {
    const there = await findRayJob(ray, errand)
    if (there?.status === 'SUCCEEDED') return
    if (there === undefined || isOver({ state: stateOf(there) })) throw new Error(there?.message ?? 'the job is gone')
    if (Date.now() > until) throw new Error(`the job ${errand}, which removes it, is still ${there.status}`)
    await sleep(askedMs)
  }
}

const errandLabel = 'headgate-errand'

/** Whether a job only cleans up after a training. */
export function isErrand({ metadata }: RayJob): boolean {
  return metadata?.[errandLabel] !== undefined
}

interface Errand {
  readonly id: string
  readonly argv: readonly string[]
  /** The address of the node that it has to run on; any without. */
  readonly node: string | undefined
}

async function runErrand(ray: Ray, { id, argv, node }: Errand): Promise<void> {
  await submitRayJob(ray, {
    submission_id: id,
    entrypoint: entrypointOf(argv),
    metadata: { [errandLabel]: 'yes' },
    ...(node === undefined ? {} : { entrypoint_resources: { [`node:${node}`]: 0.001 } }),
  })
}
