import { UserError } from '@headgate/core'
import { type Client, serverName, urlOf } from './client.ts'
import type { Connection } from './connection.ts'

/** Where the files below an artifact URI are served. */
export interface ArtifactRoot {
  /** The server that serves them: as a rule, the one that tracks. */
  readonly connection: Connection
  /** The folder there. */
  readonly path: string
  /** Whether that server lists them. */
  readonly isListed: boolean
}

const service = '/api/2.0/mlflow-artifacts/artifacts/'

/**
 * Where the files of an artifact URI are served.
 * @throws UserError where the server leaves its artifacts to its clients.
 */
export function rootOf(client: Client, artifactUri: string): ArtifactRoot {
  const { connection, dialect } = client
  const url = URL.parse(artifactUri)
  if (url?.protocol === 'mlflow-artifacts:') {
    const path = pathOf(url)
    const { origin, protocol } = new URL(connection.address)
    // An artifact server of its own is reached as the tracking server is.
    const address =
      url.host === '' ? connection.address : connection.address.replace(origin, `${protocol}//${url.host}`)
    return { connection: { ...connection, address }, path, isListed: true }
  }
  if (url && /^https?:$/.test(url.protocol)) {
    const [before, after] = artifactUri.split(service)
    if (before !== undefined && after !== undefined)
      return {
        connection: { ...connection, address: before },
        path: decodeURIComponent(after).replace(/\/+$/, ''),
        isListed: true,
      }
    if (dialect === 'gitlab')
      return { connection: { ...connection, address: artifactUri.replace(/\/+$/, '') }, path: '', isListed: false }
  }
  throw notServed(client, artifactUri)
}

/** Where one file is served. */
export function fileUrl({ connection, path, isListed }: ArtifactRoot, file: string): URL {
  const encoded = [...path.split('/'), ...file.split('/')]
    .filter((part) => part !== '')
    .map(encodeURIComponent)
    .join('/')
  return isListed
    ? urlOf({ connection }, `mlflow-artifacts/artifacts/${encoded}`)
    : new URL(`${connection.address}/${encoded}`)
}

function pathOf(url: URL): string {
  return decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, '')
}

function notServed(client: Client, artifactUri: string): UserError {
  const scheme = URL.parse(artifactUri)?.protocol.replace(/:$/, '') ?? 'a folder'
  return new UserError({
    what: `${serverName(client)} at ${client.connection.address} does not serve its artifacts: it leaves them to its clients, in ${scheme === 'file' || scheme === 'a folder' ? 'a folder of its own machine' : scheme}.`,
    fix: 'Start the server with `--serve-artifacts --artifacts-destination …`, and use a new experiment: the old one keeps its place.',
  })
}
