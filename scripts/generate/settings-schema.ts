import { type AnyStage, commonSettings, fields, kebab } from '@headgate/core'
import { z } from 'zod'

type Schema = Record<string, unknown>

/** JSON Schema of `headgate.yml`, for editors: kebab-case keys, descriptions, no unknown keys. */
export function settingsSchema(stages: readonly AnyStage[]): Schema {
  const blocks = stages.map(
    (stage) => [stage.name, blockOf({ ...stage.settings.shape, ...commonSettings.shape })] as const,
  )
  const shared = Object.assign({}, ...blocks.map(([, block]) => block.properties as object)) as Schema
  const ofModel = new Set(stages.flatMap(fields).flatMap(({ name, modelLevel }) => (modelLevel ? [name] : [])))
  const own = blocks.map(
    ([name, block]) => [name, { ...block, properties: without(block.properties, ofModel) }] as const,
  )
  const model = {
    type: 'object',
    description: 'One model. Any setting of a stage may stand here; its block wins.',
    properties: { ...shared, ...Object.fromEntries(own) },
    additionalProperties: false,
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Headgate settings (headgate.yml)',
    type: 'object',
    properties: {
      extends: {
        description: 'Settings files whose values hold where this file says nothing.',
        type: ['string', 'array'],
        items: { type: 'string' },
      },
      defaults: { ...model, description: 'Settings that hold for every model.' },
      models: { type: 'object', description: 'The models of this repository.', additionalProperties: model },
    },
    additionalProperties: false,
  }
}

function without(properties: unknown, names: ReadonlySet<string>): Schema {
  return Object.fromEntries(Object.entries(properties as Schema).filter(([name]) => !names.has(name)))
}

function blockOf(shape: z.ZodRawShape): Schema {
  const schema = z.toJSONSchema(z.object(shape), { io: 'input', unrepresentable: 'any' }) as Schema
  const { $schema: _dialect, required: _required, ...rest } = kebabKeys(schema) as Schema
  return { ...rest, additionalProperties: false }
}

/** Property names from camelCase to kebab-case, at every depth, and what only the tools need left out. */
function kebabKeys(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(kebabKeys)
  if (typeof schema !== 'object' || schema === null) return schema
  const dropped = new Set(['fileOnly', 'modelLevel', 'list', 'secret', 'volatile', 'defaultText', 'example'])
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => !dropped.has(key))
      .map(([key, part]) => {
        if (key === 'properties') return [key, renamed(part as Schema)]
        return [key, key === 'required' ? (part as string[]).map(kebab) : kebabKeys(part)]
      }),
  )
}

function renamed(properties: Schema): Schema {
  return Object.fromEntries(Object.entries(properties).map(([key, part]) => [kebab(key), kebabKeys(part)]))
}
