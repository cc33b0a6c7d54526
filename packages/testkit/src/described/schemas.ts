import { Ajv, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'

/** As OpenAPI 3.0 has it. */
export interface Schema {
  readonly [key: string]: unknown
}

/** The schemas of a description, each compiled when it is first needed. */
export interface Schemas {
  /** Holds JSON to a schema, and to no other fields than it names. */
  closed(schema: Schema): ValidateFunction
  /** Holds `{ value }`, as it stands in an address. */
  parameter(schema: Schema): ValidateFunction
}

/** @param components what a reference names, as `#/components/schemas/User` */
export function openSchemas(components: Readonly<Record<string, Schema>>): Schemas {
  const options = { strict: false, allErrors: true, logger: false } as const
  const [exact, lenient] = [new Ajv(options), new Ajv({ ...options, coerceTypes: true })]
  for (const ajv of [exact, lenient]) formats.default(ajv)
  const added = new Set<string>()
  const add = (name: string): void => {
    if (added.has(name)) return
    added.add(name)
    const component = components[name]
    if (component === undefined) throw new Error(`the description has no schema ${name}`)
    exact.addSchema(close(component, add), address(name))
  }
  const compiled = new WeakMap<Schema, ValidateFunction>()
  return {
    closed: (schema) => {
      const known = compiled.get(schema) ?? exact.compile(close(schema, add))
      compiled.set(schema, known)
      return known
    },
    parameter: (schema) => {
      const known = compiled.get(schema) ?? lenient.compile({ properties: { value: close(schema, add) } })
      compiled.set(schema, known)
      return known
    },
  }
}

function address(name: string): string {
  return `https://description/${name}`
}

/** As JSON Schema has it: no other fields than those that are named, `null` where it may be, references by address. */
function close(schema: Schema, add: (name: string) => void): Schema {
  if (typeof schema.$ref === 'string') {
    const name = schema.$ref.split('/').at(-1) ?? ''
    add(name)
    return { $ref: address(name) }
  }
  if ('allOf' in schema) throw new Error('a schema with `allOf` cannot be closed yet')
  const inner = (value: unknown): unknown => close(value as Schema, add)
  const each = (value: unknown): unknown =>
    Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, inner(v)]))
  const { enum: values, properties, items, additionalProperties, anyOf, oneOf } = schema
  return {
    ...Object.fromEntries(kept.flatMap((key) => (key in schema ? [[key, schema[key]]] : []))),
    ...(Array.isArray(values) && { enum: schema.nullable ? [...new Set([...values, null])] : values }),
    ...(properties !== undefined && { properties: each(properties), additionalProperties: false }),
    ...(items !== undefined && { items: inner(items) }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === 'object' ? inner(additionalProperties) : additionalProperties,
    }),
    ...(Array.isArray(anyOf) && { anyOf: anyOf.map(inner) }),
    ...(Array.isArray(oneOf) && { oneOf: oneOf.map(inner) }),
  }
}

const kept = 'type nullable format pattern required minimum maximum minLength maxLength minItems maxItems maxProperties'
  .split(' ')
  .concat('minProperties', 'uniqueItems')
