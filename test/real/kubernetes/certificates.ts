import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The files of a cluster's own authority, in PEM. */
export interface Certificates {
  readonly authority: string
  readonly server: { readonly certificate: string; readonly key: string }
  readonly admin: { readonly certificate: string; readonly key: string }
  /** Signs the tokens of service accounts. */
  readonly accountKey: string
  /** The bearer token of an administrator, and the file that tells it to the API server. */
  readonly token: string
  readonly tokenFile: string
}

const names = 'IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc'

/** Makes an authority and what it signs for one cluster, valid for 30 days. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const openssl = (...words: string[]): Promise<unknown> => run('openssl', words, { cwd: folder })
  const subject = ['-days', '30', '-subj', '/CN=kubebox-ca']
  await openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.crt', ...subject)
  await openssl('genrsa', '-out', 'accounts.key', '2048')
  const issue = async (
    name: string,
    who: string,
    extensions: string,
  ): Promise<{ certificate: string; key: string }> => {
    const [key, request, certificate] = [`${name}.key`, `${name}.csr`, `${name}.crt`] as const
    await writeFile(join(folder, `${name}.ext`), extensions)
    await openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', request, '-subj', who)
    const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30', '-extfile', `${name}.ext`]
    await openssl('x509', '-req', '-in', request, ...signer, '-out', certificate)
    return { certificate: join(folder, certificate), key: join(folder, key) }
  }
  const token = randomBytes(16).toString('hex')
  const tokenFile = join(folder, 'tokens.csv')
  await writeFile(tokenFile, `${token},kubebox-token,kubebox-token,"system:masters"\n`, { mode: 0o600 })
  return {
    authority: join(folder, 'ca.crt'),
    server: await issue(
      'server',
      '/CN=kube-apiserver',
      `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`,
    ),
    admin: await issue('admin', '/O=system:masters/CN=kubebox-admin', 'extendedKeyUsage=clientAuth\n'),
    accountKey: join(folder, 'accounts.key'),
    token,
    tokenFile,
  }
}

/** Writes the settings with which clients reach the cluster as its administrator. */
export async function writeKubeconfig(file: string, address: string, certificates: Certificates): Promise<void> {
  const encode = async (path: string): Promise<string> => (await readFile(path)).toString('base64')
  const { authority, admin } = certificates
  const settings = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'kubebox',
    clusters: [
      { name: 'kubebox', cluster: { server: address, 'certificate-authority-data': await encode(authority) } },
    ],
    users: [
      {
        name: 'admin',
        user: {
          'client-certificate-data': await encode(admin.certificate),
          'client-key-data': await encode(admin.key),
        },
      },
    ],
    contexts: [{ name: 'kubebox', context: { cluster: 'kubebox', user: 'admin', namespace: 'default' } }],
  }
  await writeFile(file, JSON.stringify(settings, null, 2), { mode: 0o600 })
}
