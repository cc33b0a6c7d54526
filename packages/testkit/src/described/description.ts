// A forge's published description of its API, as OpenAPI 3.0 has it, made into functions that say what does not hold.
import type { ErrorObject, ValidateFunction } from 'ajv'
import { match } from '../forge/route.ts'
import { openSchemas, type Schema, type Schemas } from './schemas.ts'

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>
}

interface Parameter {
  readonly in: string
  readonly name: string
  readonly required?: boolean
  readonly schema: Schema
}

interface Operation {
  readonly servers?: readonly unknown[]
  readonly parameters?: readonly (Parameter | Reference)[]
  readonly requestBody?: Content & { readonly required?: boolean }
  readonly responses: Readonly<Record<string, Content | Reference>>
}

interface Reference {
  readonly $ref: string
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** What a description says of one request; every function returns what does not hold, in words. */
export interface Described {
  readonly name: string
  parameters(query: URLSearchParams): string[]
  body(contentType: string, bytes: Buffer, json: unknown): string[]
  answer(status: number, body: unknown): string[]
}

export interface Description {
  /** `undefined` for what the API does not have. `servers` asks for what lies at another address than the rest. */
  find(method: string, path: string, servers?: boolean): Described | undefined
}

/** @param refusals the schemas of what the forge says instead of an answer, which it describes for few operations */
export function openDescription(document: OpenApi, refusals: readonly string[]): Description {
  const schemas = openSchemas((document.components.schemas ?? {}) as Readonly<Record<string, Schema>>)
  const refusal = schemas.closed({ anyOf: refusals.map((name) => ({ $ref: `#/components/schemas/${name}` })) })
  return {
    find: (method, path, servers = false) => {
      const found = Object.entries(document.paths)
        .flatMap(([template, operations]) => {
          const operation = operations[method.toLowerCase()] as Operation | undefined
          const params = match(template, path)
          if (!operation || !params || (operation.servers !== undefined) !== servers) return []
          return [{ template, operation, params }]
        })
        // `/releases/latest` rather than `/releases/{id}`.
        .sort((a, b) => Object.keys(a.params).length - Object.keys(b.params).length)[0]
      if (found === undefined) return undefined
      const { template, operation, params } = found
      return describe(`${method} ${template}`, operation, params, { document, schemas, refusal })
    },
  }
}

interface Book {
  readonly document: OpenApi
  readonly schemas: Schemas
  readonly refusal: ValidateFunction
}

function describe(name: string, operation: Operation, params: Readonly<Record<string, string>>, book: Book): Described {
  const { document, schemas, refusal } = book
  const content = operation.requestBody?.content ?? {}
  return {
    name,
    parameters: (query) => {
      const known = (operation.parameters ?? []).map((one) => resolve<Parameter>(document, one))
      const given = [...Object.entries(params).map(of('path')), ...[...query].map(of('query'))]
      const unknown = given.filter((one) => !known.some((other) => isSame(one, other)))
      const missing = known.filter((one) => one.required && !given.some((other) => isSame(one, other)))
      return [
        ...unknown.map((one) => `it has no ${one.in} parameter ${one.name}`),
        ...missing.map((one) => `the ${one.in} parameter ${one.name} is missing`),
        ...given.flatMap((one) => {
          const schema = known.find((other) => isSame(one, other))?.schema
          return schema ? wrong(one.name, schemas.parameter(schema), { value: one.value }) : []
        }),
      ]
    },
    body: (contentType, bytes, json) => {
      if (bytes.length === 0) return operation.requestBody?.required ? ['the body is missing'] : []
      const media = content[contentType]
      if (media === undefined) return [`it takes no body of ${contentType || 'no type'}`]
      return json === undefined || media.schema === undefined ? [] : wrong('body', schemas.closed(media.schema), json)
    },
    answer: (status, body) => {
      const described = operation.responses[status]
      if (described === undefined && status < 400) return [`the answer ${status} is not described`]
      const schema = described && resolve<Content>(document, described).content?.['application/json']?.schema
      if (schema !== undefined) return wrong(`answer ${status}`, schemas.closed(schema), body)
      if (status >= 400) return body === undefined ? [] : wrong(`answer ${status}`, refusal, body)
      return body === undefined ? [] : [`the answer ${status} has a body`]
    },
  }
}

interface Given {
  readonly in: string
  readonly name: string
  readonly value: string
}

function of(place: string): (pair: readonly [string, string]) => Given {
  return ([name, value]) => ({ in: place, name, value })
}

function isSame(a: Pick<Given, 'in' | 'name'>, b: Pick<Given, 'in' | 'name'>): boolean {
  return a.in === b.in && a.name === b.name
}

function resolve<T extends object>(document: OpenApi, given: T | Reference): T {
  if (!('$ref' in given)) return given
  const [, , kind = '', name = ''] = given.$ref.split('/')
  return document.components[kind]?.[name] as T
}

function wrong(what: string, holds: ValidateFunction, value: unknown): string[] {
  if (holds(value)) return []
  return (holds.errors ?? []).map((error) => `${what}${error.instancePath} ${error.message}${detail(error)}`)
}

function detail({ params }: ErrorObject): string {
  const name: unknown = params.additionalProperty
  return name === undefined ? '' : `: ${String(name)}`
}
