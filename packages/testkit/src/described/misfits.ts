import { type Api, type Call, routesOf } from '../forge/server.ts'
import type { ForgeTwin } from '../forge/twin.ts'
import type { Described } from './description.ts'
import { giteaDescription } from './gitea.ts'
import { githubDescription } from './github.ts'
import { graphqlMisfits } from './graphql.ts'

/**
 * What of requests and their answers is not as the forge's published description has it: paths, parameters, bodies,
 * statuses, shapes. An address that no description has is right only where an answer named it before.
 */
export function misfits(calls: readonly Call[]): string[] {
  const named = new Set<string>()
  return calls.flatMap((call) => {
    const { method, path, url, answer } = call
    if (answer === undefined) return [`${method} ${path}: it was not answered`]
    const found = call.api === 'links' ? linkMisfits(named.has(url.href)) : misfitsOf(call)
    for (const address of addresses([answer.body, answer.headers])) named.add(address)
    return found.map((what) => `${method} ${path}: ${what}`)
  })
}

function linkMisfits(isNamed: boolean): string[] {
  return isNamed ? [] : ['no answer named this address']
}

function misfitsOf(call: Call): string[] {
  const { answer, body, bytes, contentType, url } = call
  if (call.api === 'graphql' && answer?.status === 200) return graphqlMisfits(body, answer.body)
  if (call.api === 'graphql') return []
  const described = operationOf(call.api, call.method, call.below)
  if (described === undefined) return [`the description of ${call.api} does not have it`]
  return [
    ...described.parameters(url.searchParams),
    ...described.body(contentType, bytes, body),
    ...described.answer(answer?.status ?? 0, answer?.body),
  ]
}

/** The routes of one API that no request asked for, as `GET /repos/{owner}/{repo}/pulls`. */
export function unasked(twin: ForgeTwin, api: Api): string[] {
  const asked = new Set(twin.calls.map((call) => operationOf(call.api, call.method, call.below)?.name))
  const names = routesOf(twin).flatMap((route) => (route.api === api ? [`${route.method} ${route.path}`] : []))
  return names.filter((name) => !asked.has(name))
}

/** What an API's description says of a request; `undefined` when nothing. */
export function operationOf(api: Api, method: string, path: string): Described | undefined {
  if (api === 'gitea') return giteaDescription().find(method, path)
  return githubDescription().find(method, path, api === 'uploads')
}

function addresses(value: unknown): string[] {
  if (typeof value === 'string') return /^https?:/.test(value) ? [value] : []
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return []
  return Object.values(value).flatMap(addresses)
}
