import { UserError } from './error.ts'

const reference = /\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}/g

/** Puts the variables' values in the place of every `${env:NAME}`. */
export function replaceReferences(text: string, replaced: (name: string, whole: string) => string): string {
  return text.replace(reference, (whole, name: string) => replaced(name, whole))
}

/** The first `${env:NAME}` that was left in a text because its variable is not set; `undefined` without one. */
export function unsetReference(text: string): string | undefined {
  return text.match(reference)?.[0]
}

/**
 * Returns a connection setting to whoever is about to use it.
 * @throws UserError when it refers to a variable that is not set.
 */
export function refuseUnset(key: string, text: string): string {
  const whole = unsetReference(text)
  if (whole === undefined) return text
  const fix = `Set the variable in the CI's secret store; a pull request from a fork does not get it.`
  throw new UserError({ what: `\`${key}\`: ${whole} is not set.`, fix })
}
