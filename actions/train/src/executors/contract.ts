import type { Spec } from './port.ts'

/** Where the parts of the training contract lie as the command sees them. */
export interface Places {
  /** One entry per input: paths, or URLs. */
  readonly data: readonly string[]
  readonly output: string
  readonly params: string
}

/** The variables of the training contract (design §6). */
export function contractVariables(spec: Pick<Spec, 'runId'>, places: Places): Record<string, string> {
  return {
    HEADGATE_DATA: places.data.join('\n'),
    HEADGATE_OUTPUT: places.output,
    HEADGATE_PARAMS: places.params,
    HEADGATE_RUN_ID: spec.runId,
    // Python would otherwise hold back its log until it ends.
    PYTHONUNBUFFERED: '1',
  }
}
