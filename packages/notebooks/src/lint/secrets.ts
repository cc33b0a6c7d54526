interface Found {
  /** What it is, in words. */
  readonly kind: string
  /** From 1. */
  readonly line: number
}

/** How tokens of well-known services look, by what their makers document. */
const tokens: readonly (readonly [string, RegExp])[] = [
  ['a private key', /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/],
  ['an access key of AWS', /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/],
  ['a token of GitHub', /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})/],
  ['a token of GitLab', /\bgl(?:pat|dt|rt|cbt|ptt|ft|soat)-[\w-]{20,}/],
  ['a token of Slack', /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/],
  ['a key of Google’s API', /\bAIza[\w-]{35}/],
  ['a token of Hugging Face', /\bhf_[A-Za-z0-9]{30,}/],
  ['a key of OpenAI or Anthropic', /\bsk-(?:proj-|svcacct-|ant-[a-z0-9]+-)?[\w-]{20,}/],
  ['a key of Stripe', /\b[rs]k_live_[A-Za-z0-9]{20,}/],
  ['a token of PyPI', /\bpypi-AgE[\w-]{50,}/],
  ['a token of npm', /\bnpm_[A-Za-z0-9]{36}/],
  ['a token of Databricks', /\bdapi[0-9a-f]{32}/],
  ['a key of an Azure account', /\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,}={0,2}/],
  ['a signed URL', /[?&](?:X-Amz-Signature|X-Goog-Signature|sig)=[A-Za-z0-9%+/]{20,}/],
  ['a JSON Web Token', /\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,2000}\.[\w-]{10}/],
]

// Lengths are bounded: outputs hold lines of megabytes.
const inUrl = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@'"`<>]{0,100}:([^\s/@'"`<>]{1,200})@[^\s/'"`]/gi
const assigned =
  /["']?\b[\w-]{0,40}(?:passw(?:or)?d|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|credentials?)["']?\s*(?::\s*str\s*)?(?:=|:|<-)\s*[rbuRBU]?(["'])((?:(?!\1).){6,500})\1/gi

/** The lines that hold a secret, and of what kind. One finding a line. */
export function secretsIn(source: string): Found[] {
  return source.split('\n').flatMap((text, index) => {
    const kind = kindOf(text)
    return kind === undefined ? [] : [{ kind, line: index + 1 }]
  })
}

function kindOf(line: string): string | undefined {
  const token = tokens.find(([, pattern]) => pattern.test(line))
  if (token) return token[0]
  const isReal = (value = ''): boolean => !isPlaceholder(value)
  if ([...line.matchAll(inUrl)].some(([, password]) => isReal(password))) return 'a password in a URL'
  return [...line.matchAll(assigned)].some(([, , value]) => isReal(value))
    ? 'what looks like a password or token'
    : undefined
}

/** What stands for a secret: a reference to one, stars, an example’s word, a name of a variable or a file. */
function isPlaceholder(value: string): boolean {
  return (
    /[{}<>$%]|\*{3}|\.{3}|…|\s/.test(value) ||
    /^(?:x+|changeme|password|passwd|secret|token|none|null|true|false|unset|todo|dummy|redacted)$/i.test(value) ||
    /^(?:your|my|example|test|fake|dummy|insert)[-_ ]/i.test(value) ||
    /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(value) ||
    /^(?:\/|\.{1,2}\/|https?:\/\/)/.test(value)
  )
}
