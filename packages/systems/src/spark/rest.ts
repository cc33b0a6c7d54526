import { setTimeout as sleep } from 'node:timers/promises'
import { OutsideError, UserError } from '@headgate/core'
import { request } from 'undici'
import { z } from 'zod'

/** What the REST server of a standalone master is asked to run, on one of the workers. */
export interface DriverRequest {
  readonly mainClass: string
  readonly args: readonly string[]
  /** The driver’s environment. It goes over the network as it is, and is shown on no page. */
  readonly environment: Readonly<Record<string, string>>
  /** Arguments of the driver’s Java, which every user of its machine can read. */
  readonly properties: Readonly<Record<string, string>>
}

const driverStates = [
  'SUBMITTED',
  'RUNNING',
  'FINISHED',
  'RELAUNCHING',
  'UNKNOWN',
  'KILLED',
  'FAILED',
  'ERROR',
  'NOT_FOUND',
] as const

export interface DriverStatus {
  readonly state: (typeof driverStates)[number]
  readonly worker: string | undefined
  readonly message: string | undefined
}

const answerSchema = z.object({
  success: z.boolean().optional(),
  message: z.string().optional(),
  submissionId: z.string().optional(),
  driverState: z.enum(driverStates).optional(),
  workerHostPort: z.string().optional(),
})
type Answer = z.output<typeof answerSchema>

export interface SparkRest {
  /** Asks for a driver. @returns its id. @throws UserError when it is refused. */
  create(asked: DriverRequest): Promise<string>
  /** How a driver stands; `NOT_FOUND` when the master does not know it (any more). */
  status(id: string): Promise<DriverStatus>
  /** Asks for a driver’s end. @returns whether the master knows of anything to end. */
  kill(id: string): Promise<boolean>
}

const timeoutMs = 15_000
const attempts = 3
const clientVersion = '4.0.0'

/**
 * The REST server of a standalone master (`:6066/v1/submissions`). Of several addresses the first is asked whose
 * master is not standing by. Every method throws OutsideError when none answers.
 */
export function sparkRest(addresses: readonly string[]): SparkRest {
  const ask = (method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer> =>
    askOneOf(addresses, method, `/v1/submissions/${path}`, body)
  return {
    create: async (asked) => {
      const { success, submissionId, message } = await ask('POST', 'create', createBody(asked))
      if (success && submissionId !== undefined) return submissionId
      throw new UserError({
        what: `the Spark master took no driver: ${message ?? 'it does not say why'}`,
        fix: 'Mend what it says in `spark:`.',
      })
    },
    status: async (id) => {
      const { success, driverState, workerHostPort, message } = await ask('GET', `status/${encodeURIComponent(id)}`)
      return { state: (success && driverState) || 'NOT_FOUND', worker: workerHostPort, message }
    },
    kill: async (id) => (await ask('POST', `kill/${encodeURIComponent(id)}`)).success ?? false,
  }
}

function createBody({ mainClass, args, environment, properties }: DriverRequest): unknown {
  return {
    action: 'CreateSubmissionRequest',
    clientSparkVersion: clientVersion,
    appResource: '',
    mainClass,
    appArgs: args,
    environmentVariables: environment,
    sparkProperties: properties,
  }
}

async function askOneOf(
  addresses: readonly string[],
  method: 'GET' | 'POST',
  path: string,
  body: unknown,
): Promise<Answer> {
  const reasons = new Set<string>()
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (attempt > 0) await sleep(500 * 2 ** attempt)
    for (const address of addresses) {
      const answer = await exchange(`${address.replace(/\/+$/, '')}${path}`, method, body)
      if (typeof answer === 'string') reasons.add(`${address}: ${answer}`)
      else if (isStandingBy(answer)) reasons.add(`${address}: ${answer.message}`)
      else return answer
    }
  }
  throw new OutsideError({
    tried: `Asked the REST server of the Spark master, ${attempts} times.`,
    state: `It does not answer as one (${[...reasons].join('; ')}).`,
    next: 'Start the master with `spark.master.rest.enabled=true`, or mend `spark: {rest: …}`, then run again.',
  })
}

/** Of masters that share their work through ZooKeeper, one is alive; one that restarts first looks for its drivers. */
function isStandingBy({ success, message = '' }: Answer): boolean {
  return success === false && /STANDBY|RECOVERING|Current state is not alive/.test(message)
}

/** An answer, or why there was none. Only what surely had no effect may be sent again: a driver would run twice. */
async function exchange(url: string, method: 'GET' | 'POST', body: unknown): Promise<Answer | string> {
  const text = await request(url, {
    method,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  }).then(
    async ({ statusCode, body: answered }) => ({ statusCode, text: await answered.text() }),
    (error: NodeJS.ErrnoException) => error,
  )
  if (text instanceof Error) {
    if (body !== undefined && text.code !== 'ECONNREFUSED' && text.code !== 'ENOTFOUND') throw unknownEffect(url, text)
    return text.code ?? text.message
  }
  const parsed = answerSchema.safeParse(jsonOf(text.text))
  return parsed.success ? parsed.data : `it answered ${text.statusCode} with what is no answer of Spark’s`
}

function unknownEffect(url: string, error: NodeJS.ErrnoException): OutsideError {
  return new OutsideError(
    {
      tried: `Sent a driver to ${url}.`,
      state: `The connection broke off (${error.code ?? error.message}): the master may have taken it.`,
      next: 'Look for it on the master’s page, and run again.',
    },
    { cause: error },
  )
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
