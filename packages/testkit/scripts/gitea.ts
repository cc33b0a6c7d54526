// Takes from Gitea's published description what the twin's routes need, and writes it as OpenAPI 3.0 has it.
// Needs Go, and nothing of Gitea's is built: `node packages/testkit/scripts/gitea.ts`.
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { giteaRoutes } from '../src/forge/gitea/routes.ts'
import type { State } from '../src/forge/state.ts'

const source = 'code.gitea.io/gitea@v1.26.0'
const target = join(import.meta.dirname, '../descriptions/gitea.json')

type Json = Readonly<Record<string, unknown>>

interface Swagger {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly responses: Readonly<Record<string, { readonly schema?: Json; readonly headers?: Json }>>
  readonly definitions: Readonly<Record<string, Json>>
}

interface Operation {
  readonly parameters?: readonly (Json & { readonly in: string; readonly name: string; readonly schema?: Json })[]
  readonly consumes?: readonly string[]
  readonly responses: Readonly<Record<string, { readonly $ref?: string }>>
}

const json = execFileSync('go', ['mod', 'download', '-json', source], { cwd: tmpdir(), encoding: 'utf8' })
const { Dir: folder } = JSON.parse(json) as { Dir: string }
const swagger = JSON.parse(readFileSync(join(folder, 'templates/swagger/v1_json.tmpl'), 'utf8')) as Swagger
const structs = globSync('modules/structs/*.go', { cwd: folder }).map((file) =>
  readFileSync(join(folder, file), 'utf8'),
)
const schemas = new Map<string, Json>()

/** `#/definitions/User` with everything that it leads to, as `#/components/schemas/User`. */
function take(name: string, isSent: boolean): Json {
  if (!schemas.has(name)) {
    const definition = swagger.definitions[name]
    if (definition === undefined) throw new Error(`there is no definition ${name}`)
    schemas.set(name, {})
    schemas.set(name, schemaOf(definition, isSent, isSent ? new Map() : fieldsOf(name)))
  }
  return { $ref: `#/components/schemas/${name}` }
}

interface Field {
  readonly isAlways: boolean
  readonly isNull: boolean
}

/**
 * The fields of a Go struct, by their JSON names. The description leaves out what Go's own encoding says: a field
 * without `omitempty` is always sent, and a pointer, list or map may be `null`.
 */
function fieldsOf(name: string): ReadonlyMap<string, Field> {
  const body = structs
    .map((text) => new RegExp(`^type ${name} struct \\{\\n([^]*?)^\\}`, 'm').exec(text)?.[1])
    .find(Boolean)
  if (body === undefined) return new Map()
  const fields = body.matchAll(/^\t\w+\s+([^\s`]+)\s+`json:"(\w+)(,omitempty)?"/gm)
  return new Map(
    [...fields].map(([, type = '', key = '', omitempty]) => [
      key,
      { isAlways: omitempty === undefined, isNull: /^(\*|\[\]|map\[)/.test(type) },
    ]),
  )
}

/**
 * @param isSent whether it is what users send, of which the description names what is required
 * @param fields what the Go struct says of the properties of an answer
 */
function schemaOf(schema: Json, isSent: boolean, fields: ReadonlyMap<string, Field> = new Map()): Json {
  if (typeof schema.$ref === 'string') return take(schema.$ref.split('/').at(-1) ?? '', isSent)
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Json>)
  const unknown = properties.filter(([key]) => fields.size > 0 && !fields.has(key))
  if (unknown.length > 0) throw new Error(`no Go field for ${unknown.map(([key]) => key).join(', ')}`)
  const always = properties.flatMap(([key]) => (fields.get(key)?.isAlways ? [key] : []))
  const required = isSent ? ((schema.required ?? []) as string[]) : always
  const shapes = properties.map(([key, value]) => [key, nullable(schemaOf(value, isSent), fields.get(key)?.isNull)])
  const { items, additionalProperties: others } = schema
  return {
    ...Object.fromEntries(kept.flatMap((key) => (key in schema ? [[key, schema[key]]] : []))),
    ...(required.length > 0 && { required }),
    ...(shapes.length > 0 && { properties: Object.fromEntries(shapes) }),
    ...(items !== undefined && { items: schemaOf(items as Json, isSent) }),
    ...(others !== undefined && { additionalProperties: schemaOf(others as Json, isSent) }),
  }
}

const kept = ['type', 'format', 'enum']

function nullable(schema: Json, isNull = false): Json {
  if (!isNull) return schema
  if ('$ref' in schema) return { anyOf: [schema, { type: 'object', nullable: true, enum: [null] }] }
  return { ...schema, nullable: true }
}

function operationOf(operation: Operation): Json {
  const { parameters = [], consumes = ['application/json'], responses } = operation
  const body = parameters.find((one) => one.in === 'body')
  const isFile = parameters.some((one) => one.in === 'formData')
  const content = body?.schema ? { schema: schemaOf(body.schema, true) } : {}
  return {
    parameters: parameters
      .filter((one) => one.in === 'path' || one.in === 'query')
      .map((one) => {
        const { in: place, name, required } = one
        return { in: place, name, ...(required === true && { required }), schema: schemaOf(one, true) }
      }),
    ...((body || isFile) && { requestBody: { content: Object.fromEntries(consumes.map((type) => [type, content])) } }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => {
        const { schema } = swagger.responses[response.$ref?.split('/').at(-1) ?? ''] ?? {}
        return [status, schema ? { content: { 'application/json': { schema: schemaOf(schema, false) } } } : {}]
      }),
    ),
  }
}

const paths: Record<string, Record<string, Json>> = {}
for (const { method, path } of giteaRoutes({ logins: {} } as State)) {
  const operation = swagger.paths[path]?.[method.toLowerCase()]
  if (operation === undefined) throw new Error(`Gitea has no ${method} ${path}`)
  paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(operation) }
}
take('APIError', false)

const info = {
  title: 'The part of Gitea’s API that the twin answers',
  version: source,
  source: 'templates/swagger/v1_json.tmpl, and the fields of modules/structs/*.go',
  license: 'MIT, Copyright (c) 2016 The Gitea Authors, Copyright (c) 2015 The Gogs Authors',
}
const components = { schemas: Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))) }
writeFileSync(target, `${JSON.stringify({ openapi: '3.0.3', info, paths, components }, null, 2)}\n`)
console.log(`Wrote ${Object.keys(paths).length} paths and ${schemas.size} schemas from ${source}.`)
