import { z } from 'zod'
import type { Problem } from './error.ts'
import { camel, kebab } from './names.ts'
import type { SettingsBlock } from './stage.ts'
import { commonSettings } from './stage.ts'

/** One setting, as everything that is generated from a stage sees it. */
export interface Field {
  /** camelCase, as in TypeScript. */
  readonly key: string
  /** kebab-case, as in YAML, inputs and flags. */
  readonly name: string
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'list' | 'structure'
  readonly description: string
  readonly values?: readonly string[] | undefined
  readonly list?: 'lines' | 'comma' | undefined
  readonly default?: unknown
  /** The default in words, whether fixed or worked out. */
  readonly defaultText?: string | undefined
  readonly example?: unknown
  readonly required: boolean
  /** Whether it can be given as a flag or input, or only in `headgate.yml`. */
  readonly fileOnly: boolean
  /** Whether it stands at the model's level of `headgate.yml` only, and in no stage's block. */
  readonly modelLevel: boolean
  readonly secret: boolean
  readonly common: boolean
}

interface PropertySchema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly description?: string
  readonly default?: unknown
  readonly example?: unknown
  readonly list?: 'lines' | 'comma'
  readonly fileOnly?: boolean
  readonly modelLevel?: boolean
  readonly secret?: boolean
  readonly defaultText?: string
  readonly items?: PropertySchema
  readonly anyOf?: readonly PropertySchema[]
}

/** The fields of a stage's settings, its own before the common ones, read from their JSON Schema. */
export function fields(stage: Omit<SettingsBlock, 'name'>): readonly Field[] {
  const common = fieldsOf(commonSettings, true).map((field) =>
    field.key === 'failOn' ? { ...field, defaultText: `\`${stage.failOn}\`` } : field,
  )
  return [...fieldsOf(stage.settings, false), ...common]
}

/** The fields of any settings object. */
export function fieldsOf(settings: z.ZodObject, common: boolean): readonly Field[] {
  const schema = z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' })
  const required = new Set(schema.required ?? [])
  return Object.entries(schema.properties ?? {}).map(([key, property]) =>
    fieldOf(key, property as PropertySchema, required.has(key), common),
  )
}

function fieldOf(key: string, property: PropertySchema, required: boolean, common: boolean): Field {
  const type = typeOf(property)
  return {
    key,
    name: kebab(key),
    type,
    description: property.description ?? '',
    values: property.enum?.map(String),
    list: type === 'list' ? (property.list ?? 'lines') : undefined,
    default: property.default,
    defaultText:
      property.defaultText ?? (property.default === undefined ? undefined : `\`${textOf(property.default)}\``),
    example: property.example,
    required,
    fileOnly: property.fileOnly ?? type === 'structure',
    modelLevel: property.modelLevel ?? false,
    secret: property.secret ?? false,
    common,
  }
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function typeOf(property: PropertySchema): Field['type'] {
  if (property.enum) return 'string'
  if (property.list) return 'list'
  const options = (property.anyOf ?? [property]).map((option) => option.type)
  // Text in place of the structure: a command in one line, a file's path.
  if (property.anyOf && options.includes('string')) return 'string'
  if (options.includes('object')) return 'structure'
  if (options.includes('array')) return options.length === 1 && property.items?.type === 'string' ? 'list' : 'structure'
  const simple = options.find((option) => option === 'boolean' || option === 'number' || option === 'integer')
  if (simple !== undefined && options.length === 1) return simple as Field['type']
  return 'string'
}

/** The value of a flag or input, or what is wrong with it. Booleans by YAML 1.2's core rules. */
export function readText(field: Field, text: string): { readonly value: unknown } | { readonly problem: Problem } {
  const refuse = (expected: string): { readonly problem: Problem } => ({
    problem: { what: `\`${field.name}\`: expected ${expected}, got ${JSON.stringify(text)}.` },
  })
  switch (field.type) {
    case 'boolean':
      if (/^(true|True|TRUE)$/.test(text)) return { value: true }
      return /^(false|False|FALSE)$/.test(text) ? { value: false } : refuse('`true` or `false`')
    case 'number':
    case 'integer': {
      const number = Number(text)
      if (text.trim() === '' || !Number.isFinite(number)) return refuse('a number')
      return field.type === 'integer' && !Number.isInteger(number) ? refuse('a whole number') : { value: number }
    }
    case 'list':
      return { value: splitList(text, field.list ?? 'lines') }
    case 'structure':
      return refuse('no text: write it in headgate.yml')
    default:
      return { value: text }
  }
}

function splitList(text: string, by: 'lines' | 'comma'): string[] {
  const separator = by === 'comma' ? /[\n,]/ : /\n/
  return text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** Turns the keys of a value from YAML into camelCase, at every depth where the schema names the keys. */
export function camelKeys(value: unknown, schema: z.ZodType): unknown {
  return renamed(value, z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as ObjectSchema)
}

interface ObjectSchema {
  readonly properties?: Record<string, ObjectSchema>
  readonly items?: ObjectSchema
  readonly anyOf?: readonly ObjectSchema[]
}

function renamed(value: unknown, schema: ObjectSchema): unknown {
  const option = (has: (candidate: ObjectSchema) => boolean): ObjectSchema =>
    has(schema) ? schema : (schema.anyOf?.find(has) ?? {})
  if (Array.isArray(value)) {
    const items = option((candidate) => candidate.items !== undefined).items ?? {}
    return value.map((item) => renamed(item, items))
  }
  if (typeof value !== 'object' || value === null) return value
  const properties = option((candidate) => candidate.properties !== undefined).properties
  if (properties === undefined) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => {
      const to = camel(key)
      return to in properties ? [to, renamed(part, properties[to] ?? {})] : [key, part]
    }),
  )
}
