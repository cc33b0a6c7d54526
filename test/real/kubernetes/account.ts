import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeStateFolder } from '../folders.ts'
import type { Kubernetes } from './start.ts'

/** Makes a service account with these rights in the namespace `default`. @returns its kubeconfig. */
export async function openAccount(kubernetes: Kubernetes, name: string, rules: readonly object[]): Promise<string> {
  const folder = makeStateFolder('account')
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name }, rules }
  await writeFile(join(folder, 'role.json'), JSON.stringify(role))
  await kubernetes.kubectl('create', 'serviceaccount', name)
  await kubernetes.kubectl('create', '-f', join(folder, 'role.json'))
  await kubernetes.kubectl('create', 'rolebinding', name, `--role=${name}`, `--serviceaccount=default:${name}`)
  const token = (await kubernetes.kubectl('create', 'token', name)).trim()
  const settings = JSON.parse(await readFile(kubernetes.kubeconfig, 'utf8'))
  settings.users[0].user = { token }
  const file = join(folder, 'kubeconfig')
  await writeFile(file, JSON.stringify(settings))
  return file
}
