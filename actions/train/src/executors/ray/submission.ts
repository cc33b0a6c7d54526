import { OutsideError } from '@headgate/core'
import {
  deleteJob,
  findJob,
  hasEnded,
  type RayJob,
  type Submission,
  submitJob,
  uploadPackage,
} from '@headgate/systems/ray'
import { labelTexts } from '../labels.ts'
import type { Executor, Spec } from '../port.ts'
import type { RayOptions } from './executor.ts'
import { runIdOf } from './labels.ts'
import { withPackage } from './package.ts'
import { ownFolder } from './program.ts'
import { readRequirements } from './requirements.ts'

const tries = 5

/** Ray takes each submission id once: of two that submit at once one is refused, and attaches. */
export async function submitTraining(given: RayOptions, spec: Spec): ReturnType<Executor['submit']> {
  const { ray, temporary } = given
  const requirements = await readRequirements(given.settings, spec)
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const there = await findJob(ray, spec.name)
    if (there && isOfUse(there)) {
      const runId = runIdOf(there)
      return { job: { id: spec.name, runId }, runId, isNew: false }
    }
    if (there) await deleteJob(ray, spec.name)
    const isNew = await withPackage(spec, temporary, async (file, name) => {
      const uri = await uploadPackage(ray, name, file)
      return submitJob(ray, submissionOf(given, spec, uri, requirements))
    })
    if (isNew) return { job: { id: spec.name, runId: spec.runId }, runId: spec.runId, isNew }
  }
  throw new OutsideError({
    tried: `The job ${spec.name} was submitted ${tries} times.`,
    state: 'Each time somebody else had submitted it before, and theirs had failed.',
    next: 'Wait for the other jobs that train this model, and run it again.',
  })
}

function isOfUse(job: RayJob): boolean {
  return !hasEnded(job) || job.status === 'SUCCEEDED'
}

function submissionOf(
  { settings }: RayOptions,
  spec: Spec,
  uri: string,
  requirements: readonly string[] | undefined,
): Submission {
  const { cpus, gpus, resources, runtimeEnv } = settings
  return {
    submission_id: spec.name,
    entrypoint: `python ${ownFolder}/run.py`,
    runtime_env: { ...(requirements && { pip: [...requirements] }), ...runtimeEnv, working_dir: uri },
    metadata: labelTexts(spec),
    ...(cpus !== undefined && { entrypoint_num_cpus: cpus }),
    ...(gpus !== undefined && { entrypoint_num_gpus: gpus }),
    ...(resources && { entrypoint_resources: resources }),
  }
}
