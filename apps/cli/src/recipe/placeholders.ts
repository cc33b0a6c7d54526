import { nearest, type Place, type Problem, UserError } from '@headgate/core'

type Values = Readonly<Record<string, unknown>>

/**
 * Puts a profile's values in the place of `{{ NAME }}`, `{{ NAME.key }}` and `{{ NAME["key"] }}`, as MLflow's Jinja does:
 * texts as they are, mappings and lists as YAML in one line. Comments are left alone, and every line stays where it is.
 * @throws UserError with every placeholder that has no value, or that is more than a name.
 */
export function fillPlaceholders(text: string, file: string, values: Values): string {
  const problems: Problem[] = []
  const lines = text.split('\n').map((line, index) => {
    const end = commentStart(line)
    const place = (column: number): Place => ({ file, line: index + 1, column: column + 1 })
    const code = line.slice(0, end)
    for (const { index: column } of code.matchAll(/\{[%#]/g))
      problems.push({ what: 'Jinja’s statements are not read here.', where: place(column), fix: byHand })
    const filled = code.replace(/\{\{(.*?)\}\}/g, (_all, expression: string, column: number) =>
      valueText(expression.trim(), values, place(column), problems),
    )
    return filled + line.slice(end)
  })
  if (problems.length > 0) throw new UserError(problems)
  return lines.join('\n')
}

const byHand = 'Write its value in its place.'
const name = /^([A-Za-z_]\w*)((?:\.\w+|\[\s*(?:"[^"]*"|'[^']*'|\d+)\s*\])*)$/

/** Names that the placeholders of a text begin with. */
export function placeholderNames(text: string): Set<string> {
  const found = text.split('\n').flatMap((line) => [...line.slice(0, commentStart(line)).matchAll(/\{\{\s*(\w+)/g)])
  return new Set(found.map(([, first = '']) => first))
}

function valueText(expression: string, values: Values, where: Place, problems: Problem[]): string {
  const [, first = '', rest = ''] = name.exec(expression) ?? []
  if (first === '') {
    problems.push({ what: `{{ ${expression} }} is more than a name, and not read here.`, where, fix: byHand })
    return ''
  }
  const keys = [...rest.matchAll(/\w+(?=\]|\.|\[|$)|"[^"]*"|'[^']*'|\d+/g)].map(([key]) =>
    key.replace(/^["']|["']$/g, ''),
  )
  const value = [first, ...keys].reduce<unknown>((found, key) => own(found, key), values)
  const near = nearest(first, Object.keys(values))
  const fix = near !== undefined && near !== first ? `Did you mean "${near}"?` : 'Give it a value in the profile.'
  if (value === undefined) problems.push({ what: `{{ ${expression} }} has no value in the profile.`, where, fix })
  else if (typeof value === 'string' && value.includes('\n'))
    problems.push({
      what: `{{ ${expression} }} has a value of several lines, which is not read here.`,
      where,
      fix: byHand,
    })
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? 'None')
}

function own(found: unknown, key: string): unknown {
  return typeof found === 'object' && found !== null && Object.hasOwn(found, key)
    ? (found as Record<string, unknown>)[key]
    : undefined
}

/** Where the comment of a line begins: at a `#` after a space or at the beginning, outside of quotes. */
function commentStart(line: string): number {
  let quote = ''
  for (const [index, letter] of [...line].entries()) {
    if (quote !== '') quote = letter === quote ? '' : quote
    else if (letter === '"' || letter === "'") quote = letter
    else if (letter === '#' && (index === 0 || /\s/.test(line[index - 1] ?? ''))) return index
  }
  return line.length
}
