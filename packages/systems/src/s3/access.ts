import { type Problem, UserError } from '@headgate/core'
import { z } from 'zod'

type Variables = Readonly<Record<string, string | undefined>>

/** How S3, or what speaks like it, is reached: all that follows from the environment. */
export interface Access {
  /** An address other than Amazon's, with the bucket as the first part of its paths. */
  readonly endpoint: URL | undefined
  readonly region: string
  /** `undefined`: asked as nobody, as for public buckets. */
  readonly credentials:
    | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
    | undefined
}

const text = z.string().optional()

/** Amazon's own variables, by its own names. */
const variablesSchema = z.object({
  AWS_ACCESS_KEY_ID: text,
  AWS_SECRET_ACCESS_KEY: text,
  AWS_SESSION_TOKEN: text,
  AWS_REGION: text,
  AWS_DEFAULT_REGION: text,
  AWS_ENDPOINT_URL_S3: text,
  AWS_ENDPOINT_URL: text,
})

/**
 * Reads Amazon's variables. An empty one is an absent one, as CIs leave missing secrets.
 * @throws UserError for half a pair of keys, and an endpoint that is no address.
 */
export function readAccess(variables: Variables): Access {
  const present = Object.entries(variables).filter(([, value]) => value !== undefined && value !== '')
  const read = variablesSchema.parse(Object.fromEntries(present))
  const problems: Problem[] = []
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = read
  if ((id === undefined) !== (secret === undefined)) {
    const missing = id === undefined ? 'AWS_ACCESS_KEY_ID' : 'AWS_SECRET_ACCESS_KEY'
    problems.push({ what: `${missing} is not set, and the other half of the pair is.`, fix: 'Set both, or neither.' })
  }
  const named = read.AWS_ENDPOINT_URL_S3 ?? read.AWS_ENDPOINT_URL
  const endpoint = named === undefined ? undefined : (URL.parse(named) ?? undefined)
  if (named !== undefined && !/^https?:$/.test(endpoint?.protocol ?? '')) {
    const what = 'AWS_ENDPOINT_URL_S3 (or AWS_ENDPOINT_URL) is no address of a server.'
    problems.push({ what, fix: 'Set it to such as https://minio.example.org.' })
  }
  if (problems.length > 0) throw new UserError(problems)
  return {
    endpoint,
    region: read.AWS_REGION ?? read.AWS_DEFAULT_REGION ?? 'us-east-1',
    credentials:
      id === undefined || secret === undefined
        ? undefined
        : { accessKeyId: id, secretAccessKey: secret, ...(token === undefined ? {} : { sessionToken: token }) },
  }
}
