import { setTimeout as sleep } from 'node:timers/promises'
import {
  AuthorizationV1Api,
  BatchV1Api,
  CoreV1Api,
  createConfiguration,
  ServerConfiguration,
} from '@kubernetes/client-node'
import { type Connection, type ConnectionRequest, readConnection } from './connection.ts'
import { failureOf, isPassing, refusedOf } from './failure.ts'

export type {
  CoreV1Event as Event,
  V1Container as Container,
  V1ContainerStatus as ContainerStatus,
  V1Job as KubernetesJob,
  V1Pod as Pod,
  V1PodTemplateSpec as PodTemplate,
  V1Secret as Secret,
} from '@kubernetes/client-node'

/** A cluster, and one namespace of it. */
export interface Cluster extends Connection {
  readonly batch: BatchV1Api
  readonly core: CoreV1Api
  readonly authorization: AuthorizationV1Api
}

/** @throws UserError where the settings of the cluster are not there, or cannot be used. */
export function connect(request: ConnectionRequest): Cluster {
  const connection = readConnection(request)
  try {
    const configuration = configure(connection)
    return {
      ...connection,
      batch: new BatchV1Api(configuration),
      core: new CoreV1Api(configuration),
      authorization: new AuthorizationV1Api(configuration),
    }
  } catch (error) {
    throw failureOf(connection, 'The connection to the cluster was prepared.', error)
  }
}

const answerWithinMs = 20_000

/** The client itself waits for ever: here every request has its time. */
function configure({ config, address }: Connection): ReturnType<typeof createConfiguration> {
  const bounded = {
    getName: () => config.getName(),
    applySecurityAuthentication: async (context: Parameters<typeof config.applySecurityAuthentication>[0]) => {
      await config.applySecurityAuthentication(context)
      context.setSignal(AbortSignal.timeout(answerWithinMs))
    },
  }
  return createConfiguration({
    baseServer: new ServerConfiguration(address, {}),
    authMethods: { default: bounded },
  })
}

const attempts = 4
const firstDelayMs = 300
/**
 * Sends a request, again where that helps. Without an answer within 20 s it counts as lost.
 * @param tried what it is for, as a sentence.
 * @param expected statuses that are an answer too: then the result is `undefined`.
 */
export async function ask<Answer>(
  cluster: Cluster,
  tried: string,
  request: () => Promise<Answer>,
  expected: readonly number[] = [],
): Promise<Answer | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request()
    } catch (error) {
      if (expected.includes(refusedOf(error)?.code ?? 0)) return undefined
      if (attempt === attempts || !isPassing(error)) throw failureOf(cluster, tried, error)
      await sleep(firstDelayMs * 2 ** (attempt - 1))
    }
  }
}
