import type { Place, Problem } from '@headgate/core'
import { replaceReferences } from '@headgate/core'

/** The settings that reach other systems: only here and in `env` may a secret be referred to. */
const connectionKeys = new Set([
  'registry',
  'store',
  'ledger',
  'data',
  'reference',
  'current',
  'test-data',
  'prometheus-url',
  'metrics-url',
  'token',
  'env',
  'ray',
])
/**
 * What is opened only where it is needed, and asks for its variables then (`refuseUnset`): a pull request from a fork,
 * which has none of them, can be judged where nothing is opened. An empty variable is what a fork gets for a secret.
 */
const openedKeys = new Set(['registry', 'store', 'ledger', 'token', 'ray'])
/** Names that end in what a secret is called: `TOKENIZERS_PARALLELISM` and `max_tokens` do not. */
const secretName =
  /passw(or)?d$|(^|[-_.])(pass|pwd|secret|token|auth|credentials?|(api|access|private|secret)[-_]?key([-_]?id)?)$/i
/** Tokens that are known by their form, whatever their name. */
const secretValue =
  /^(gh[opsu]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|(AKIA|ASIA)[A-Z0-9]{16}|xox[abp]-[\w-]{10,}|sk-[\w-]{20,}|hf_\w{20,}|npm_\w{30,})$|-----BEGIN [A-Z ]*PRIVATE KEY-----/
/** `GOOGLE_APPLICATION_CREDENTIALS` and its like name a file. */
const path = /^(\.{0,2}|~)\/|\.(json|pem|key|crt)$/
const passwordInUrl = /^[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:[^\s/@]+@/i

/**
 * Replaces `${env:NAME}` where it is allowed, and refuses passwords written out.
 * Problems are added to `problems`; the value comes back with what could be replaced.
 */
export function resolveSecrets(
  key: string,
  value: unknown,
  environment: Readonly<Record<string, string | undefined>>,
  place: (path: readonly string[]) => Place,
  problems: Problem[],
  path: readonly string[] = [],
): unknown {
  if (Array.isArray(value)) {
    return value.map((item, index) => resolveSecrets(key, item, environment, place, problems, [...path, String(index)]))
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([name, part]) => [
      name,
      resolveSecrets(key, part, environment, place, problems, [...path, name]),
    ])
    return Object.fromEntries(entries) as unknown
  }
  if (typeof value !== 'string') return value
  const where = place(path)
  refuseLiteral(key, path.at(-1) ?? key, value, where, problems)
  return replaceReferences(value, (name, whole) => {
    if (!connectionKeys.has(key)) {
      problems.push({
        what: `\`${key}\` cannot refer to ${whole}.`,
        where,
        fix: 'Only connection settings and `env` can.',
      })
      return ''
    }
    const found = environment[name]
    if (openedKeys.has(key)) return found || whole
    if (found === undefined)
      problems.push({ what: `${whole} is not set.`, where, fix: `Set the variable ${name} in the CI's secret store.` })
    return found ?? ''
  })
}

function refuseLiteral(key: string, name: string, value: string, where: Place, problems: Problem[]): void {
  const outside = replaceReferences(value, () => '')
  const isLiteral = value !== '' && outside === value
  const isNamedSecret = (key === 'env' || key === 'param') && secretName.test(name) && isLiteral && !path.test(value)
  if (!isNamedSecret && !secretValue.test(value) && !passwordInUrl.test(outside)) return
  problems.push({
    what: `\`${name}\` holds a password written out.`,
    where,
    fix: `Put it into the CI's secret store and write "\${env:NAME}" here.`,
  })
}
