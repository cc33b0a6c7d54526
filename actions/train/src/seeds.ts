import type { Training } from '@headgate/core'
import type { Params } from './params.ts'

type Seeds = Training['seeds']

/** After scikit-learn, NumPy and PyTorch: `seed`, `random_state`, `random_seed`, `data_seed`, `randomState`, `PYTHONHASHSEED`. */
const patterns = [/^(.*[_-])?(seeds?|random_?state)$/i, /[a-z](Seeds?|RandomState)$/, /^PYTHONHASHSEED$/]

function isSeed(name: string): boolean {
  return patterns.some((pattern) => pattern.test(name))
}

/** The parameters, and variables of `env`, by whose names they are seeds; those of nested parameters by `outer.inner`. */
export function seedsOf(params: Params, variables: Readonly<Record<string, string>>): Seeds {
  const found: Seeds = {}
  collect(params, '', found)
  for (const [name, value] of Object.entries(variables)) if (isSeed(name)) found[`env.${name}`] = value
  return found
}

function collect(given: Readonly<Record<string, unknown>>, prefix: string, found: Seeds): void {
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      collect(value as Record<string, unknown>, `${prefix}${name}.`, found)
    else if (isSeed(name)) found[`${prefix}${name}`] = value as Seeds[string]
  }
}
