// How a twin is asked and answers: a method, a path as the forge's description writes it, and a function.

export interface Asked {
  /** The path's own parts, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly url: URL
  /** The JSON that was sent. */
  readonly body: Readonly<Record<string, unknown>>
  /** The bytes that were sent. */
  readonly bytes: Buffer
  readonly isSigned: boolean
  /** The address of this API, without a slash at its end. */
  readonly api: string
}

export interface Answer {
  readonly status: number
  /** JSON, or bytes. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Route {
  readonly method: string
  /** As `/repos/{owner}/{repo}/releases/{id}`. */
  readonly path: string
  readonly answer: (asked: Asked) => Answer
}

export function route(method: string, path: string, answer: Route['answer']): Route {
  return { method, path, answer }
}

/** Where everything of a repository lies. */
export const repository = '/repos/{owner}/{repo}'

/** The parts of a path that stand in braces; `undefined` for another path. A slash within a part comes as `%2F`. */
export function match(template: string, path: string): Record<string, string> | undefined {
  const [wanted, given] = [template.split('/'), path.split('/')]
  if (wanted.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const name = /^\{(.+)\}$/.exec(part)?.[1]
    if (name !== undefined) params[name] = decodeURIComponent(given[index] ?? '')
    else if (part !== given[index]) return undefined
  }
  return params
}

/** One page of a list, and in its `link` header, as both forges have it, where the others are. */
export function page(items: readonly unknown[], { url }: Asked, sizeName: string, mostItems: number): Answer {
  const size = Math.min(Number(url.searchParams.get(sizeName) ?? 30), mostItems)
  const current = Number(url.searchParams.get('page') ?? 1)
  const last = Math.max(1, Math.ceil(items.length / size))
  const links = [
    ...(current > 1 ? [linkTo(url, current - 1, 'prev'), linkTo(url, 1, 'first')] : []),
    ...(current < last ? [linkTo(url, current + 1, 'next'), linkTo(url, last, 'last')] : []),
  ]
  const body = items.slice((current - 1) * size, current * size)
  return { status: 200, body, ...(links.length > 0 && { headers: { link: links.join(', ') } }) }
}

function linkTo(url: URL, number: number, relation: string): string {
  const to = new URL(url)
  to.searchParams.set('page', String(number))
  return `<${to}>; rel="${relation}"`
}
