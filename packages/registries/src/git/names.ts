/** What the name of a tag says, in GTO's grammar. */
export type TagName =
  | { readonly kind: 'version'; readonly version: string; readonly isCancel: boolean }
  | { readonly kind: 'stage'; readonly stage: string; readonly isCancel: boolean; readonly counter: number }

const number = String.raw`(?:0|[1-9]\d*)`
const semver = String.raw`${number}\.${number}\.${number}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?`
const version = new RegExp(`^@v(${semver})(!?)(?:#\\d+)?$`)
const stage = /^#([a-zA-Z0-9](?:[a-zA-Z0-9/_-]*[a-zA-Z0-9])?)(!?)(?:#(\d+))?$/

/** Reads a tag of `model`; `undefined` for tags of others, and for those that say nothing about versions or stages. */
export function parseTagName(model: string, tag: string): TagName | undefined {
  if (!tag.startsWith(model)) return undefined
  const rest = tag.slice(model.length)
  const registered = version.exec(rest)
  if (registered) return { kind: 'version', version: registered[1] ?? '', isCancel: registered[2] === '!' }
  const assigned = stage.exec(rest)
  if (!assigned) return undefined
  const [, name = '', cancel, counter = '0'] = assigned
  return { kind: 'stage', stage: name, isCancel: cancel === '!', counter: Number(counter) }
}

export function versionTag(model: string, number: string): string {
  return `${model}@v${number}`
}

/** `churn#champion#2`, and `churn#champion!#3` to take it away. */
export function stageTag(model: string, alias: string, counter: number, isCancel = false): string {
  return `${model}#${alias}${isCancel ? '!' : ''}#${counter}`
}
