import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { messageOf, UserError } from '@headgate/core'
import { KubeConfig } from '@kubernetes/client-node'

export interface ConnectionRequest {
  /** The settings file; without it those that KUBECONFIG names, else `~/.kube/config`, else the pod’s own account. */
  readonly kubeconfig?: string | undefined
  /** Without it the current one of the settings file. */
  readonly context?: string | undefined
  /** Without it that of the context, else `default`. */
  readonly namespace?: string | undefined
  /** What paths are relative to. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

export interface Connection {
  readonly config: KubeConfig
  /** The API server’s address. */
  readonly address: string
  readonly context: string
  readonly namespace: string
}

const account = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/**
 * Reads where the cluster is and who we are there, as kubectl does. Asks nobody.
 * @throws UserError where no settings are found, or they cannot be used.
 */
export function readConnection(request: ConnectionRequest): Connection {
  const config = findConfig(request)
  if (request.context !== undefined) chooseContext(config, request.context)
  const context = config.getContextObject(config.getCurrentContext())
  const cluster = config.getCurrentCluster()
  if (context === null || cluster === null) throw withoutContext(config)
  const namespace = request.namespace ?? context.namespace ?? 'default'
  return { config, address: cluster.server, context: context.name, namespace }
}

function findConfig(request: ConnectionRequest): KubeConfig {
  const { kubeconfig, folder, environment } = request
  if (kubeconfig !== undefined) return readFiles([resolve(folder, withHome(kubeconfig, environment))])
  const named = (environment.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '')
  // Like kubectl, which passes over files of the list that are not there.
  const there = named.map((path) => resolve(folder, path)).filter((path) => existsSync(path))
  if (there.length > 0) return readFiles(there)
  if (named.length > 0) throw absent(`KUBECONFIG names ${named.join(', ')}, where there is no file.`)
  const own = join(homeOf(environment), '.kube', 'config')
  if (existsSync(own)) return readFiles([own])
  if (environment.KUBERNETES_SERVICE_HOST && existsSync(account)) return inPod()
  throw absent(`KUBECONFIG is not set, there is no ${own}, and this is not a pod of a cluster.`)
}

function absent(state: string): UserError {
  return new UserError({
    what: `no cluster is named: ${state}`,
    fix: 'Set KUBECONFIG to the file in a step before (such as `aws eks update-kubeconfig`), or name it by `kubernetes: {kubeconfig: …}`.',
  })
}

/** Several files are one: what comes first holds. */
function readFiles(paths: readonly string[]): KubeConfig {
  const [first, ...others] = paths.map(readFile) as [KubeConfig, ...KubeConfig[]]
  for (const other of others) {
    const isNew =
      (known: readonly { readonly name: string }[]) =>
      ({ name }: { readonly name: string }): boolean =>
        !known.some((one) => one.name === name)
    const options = {
      clusters: [...first.clusters, ...other.clusters.filter(isNew(first.clusters))],
      users: [...first.users, ...other.users.filter(isNew(first.users))],
      contexts: [...first.contexts, ...other.contexts.filter(isNew(first.contexts))],
      currentContext: first.currentContext || other.currentContext,
    }
    first.loadFromOptions(options)
  }
  return first
}

function readFile(path: string): KubeConfig {
  const config = new KubeConfig()
  const fix = 'Name the file that kubectl uses: `kubectl config view --minify --raw` prints it.'
  try {
    readFileSync(path)
  } catch (error) {
    throw new UserError({ what: `cannot be read: ${messageOf(error)}.`, where: { file: path }, fix }, { cause: error })
  }
  try {
    config.loadFromFile(path)
  } catch (error) {
    const what = `is no settings file of Kubernetes: ${messageOf(error).split('\n')[0]}`
    throw new UserError({ what, where: { file: path }, fix }, { cause: error })
  }
  return config
}

function inPod(): KubeConfig {
  const config = new KubeConfig()
  config.loadFromCluster()
  return config
}

function chooseContext(config: KubeConfig, context: string): void {
  if (config.getContextObject(context) === null) throw withoutThisContext(config, context)
  config.setCurrentContext(context)
}

function withoutThisContext(config: KubeConfig, context: string): UserError {
  return new UserError({
    what: `\`kubernetes: context\`: there is no context ${context} in the settings of the cluster.`,
    fix: `Use one of: ${namesOf(config)}.`,
  })
}

function withoutContext(config: KubeConfig): UserError {
  const current = config.getCurrentContext()
  return new UserError({
    what: current
      ? `the settings of the cluster name the context ${current}, which they do not hold whole.`
      : 'the settings of the cluster name no current context.',
    fix: `Name one by \`kubernetes: {context: …}\`: there are ${namesOf(config)}.`,
  })
}

function namesOf(config: KubeConfig): string {
  return (
    config
      .getContexts()
      .map(({ name }) => name)
      .join(', ') || 'none'
  )
}

function withHome(path: string, environment: ConnectionRequest['environment']): string {
  return path.startsWith('~/') ? join(homeOf(environment), path.slice(2)) : path
}

function homeOf({ HOME, USERPROFILE }: ConnectionRequest['environment']): string {
  return HOME ?? USERPROFILE ?? homedir()
}
