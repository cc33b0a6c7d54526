// A real Kubernetes control plane on loopback: etcd, API server, controller manager, scheduler, and kwok, which plays a
// node. Its pods become Ready, those of Jobs complete, and nothing runs in them. A pod's label
// `kubebox/fate: image-pull-fails | exits-1` makes it fail. Not there: exec, attach, port-forward, probes, limits. For
// these `node.ts` adds a real node.
import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bringDebian } from '../debian.ts'
import type { Missing } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { outsideReason } from '../outside.ts'
import { answers, freePorts, type Server, serverEnvironment, startServer } from '../server.ts'
import { buildKubebox } from './build.ts'
import { type Certificates, makeCertificates, writeKubeconfig } from './certificates.ts'

const run = promisify(execFile)
const nodeName = 'fake-0'

export interface Kubernetes {
  readonly address: string
  readonly kubeconfig: string
  /** What every container of every pod has logged: lines as a container runtime writes them; a test may rewrite it. */
  readonly podLog: string
  readonly apiServer: Server
  /** The program whose parts all of this is, and what the authority of the cluster signed. */
  readonly binary: string
  readonly certificates: Certificates
  /** Runs the real kubectl. @throws where it fails, with what it said. */
  kubectl(...words: string[]): Promise<string>
  stop(): Promise<void>
}

/** Brings what is missing; the first time, that builds Kubernetes. */
export async function prepare(): Promise<Missing> {
  const hasGo = await run('go', ['version']).then(
    () => true,
    () => false,
  )
  if (!hasGo) return 'missing: Go, which builds it'
  return (await bringDebian('openssl')) ?? (await buildKubebox().then(() => undefined, outsideReason))
}

interface Plan {
  readonly binary: string
  readonly folder: string
  readonly certificates: Certificates
  readonly kubeconfig: string
  readonly api: string
  readonly etcd: string
  readonly peer: string
  readonly kubelet: string
}

export async function start(): Promise<Kubernetes> {
  const folder = makeStateFolder('kubernetes')
  const [api, etcd, peer, kubelet] = (await freePorts(4)).map((port) => `127.0.0.1:${port}`) as [string, ...string[]]
  const certificates = await makeCertificates(join(folder, 'pki'))
  const kubeconfig = join(folder, 'kubeconfig')
  await writeKubeconfig(kubeconfig, `https://${api}`, certificates)
  const plan = { binary: await buildKubebox(), folder, certificates, kubeconfig, api, etcd, peer, kubelet } as Plan
  const servers: Server[] = []
  // Backwards: the API server before etcd, or it waits for it.
  const stop = async (): Promise<void> => {
    for (const server of servers.toReversed()) await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    servers.push(await startEtcd(plan))
    const apiServer = await startApiServer(plan)
    servers.push(apiServer)
    servers.push(await startControllerManager(plan))
    servers.push(await startScheduler(plan))
    const podLog = join(folder, 'pod.log')
    servers.push(await startNode(plan, podLog))
    const { binary } = plan
    return {
      address: `https://${api}`,
      kubeconfig,
      podLog,
      apiServer,
      binary,
      certificates,
      kubectl: kubectl(plan),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function part(plan: Plan, name: string, flags: readonly string[], isReady: () => Promise<boolean>): Promise<Server> {
  return startServer({ name, argv: [plan.binary, name, ...flags], folder: plan.folder, isReady })
}

function startEtcd(plan: Plan): Promise<Server> {
  const [client, peer] = [`http://${plan.etcd}`, `http://${plan.peer}`]
  const flags = [
    ...['--name', 'k', '--data-dir', join(plan.folder, 'etcd'), '--unsafe-no-fsync'],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `k=${peer}`],
  ]
  return part(plan, 'etcd', flags, () => answers(`${client}/readyz`))
}

function startApiServer(plan: Plan): Promise<Server> {
  const { server, authority, accountKey, tokenFile } = plan.certificates
  const flags = [
    `--etcd-servers=http://${plan.etcd}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${portOf(plan.api)}`,
    '--endpoint-reconciler-type=none',
    `--tls-cert-file=${server.certificate}`,
    `--tls-private-key-file=${server.key}`,
    `--client-ca-file=${authority}`,
    `--token-auth-file=${tokenFile}`,
    `--cert-dir=${join(plan.folder, 'pki')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${accountKey}`,
    `--service-account-signing-key-file=${accountKey}`,
    `--kubelet-certificate-authority=${authority}`,
    // A real node is told by its name, since kubelet takes no loopback address for its own.
    '--kubelet-preferred-address-types=Hostname,InternalIP',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
  ]
  return part(plan, 'kube-apiserver', flags, () => isApiReady(plan))
}

/** Node's `fetch` takes no authority of its own, and kubectl would take a second per question. */
async function isApiReady(plan: Plan): Promise<boolean> {
  const ca = await readFile(plan.certificates.authority)
  const headers = { authorization: `Bearer ${plan.certificates.token}` }
  return new Promise((resolve) => {
    get(`https://${plan.api}/readyz`, { ca, headers, agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    }).once('error', () => resolve(false))
  })
}

function startControllerManager(plan: Plan): Promise<Server> {
  const flags = [
    `--kubeconfig=${plan.kubeconfig}`,
    '--bind-address=127.0.0.1',
    '--secure-port=0',
    '--leader-elect=false',
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${plan.certificates.accountKey}`,
    `--root-ca-file=${plan.certificates.authority}`,
    `--cert-dir=${join(plan.folder, 'pki')}`,
  ]
  // It makes the account without which no pod is admitted.
  return part(plan, 'kube-controller-manager', flags, async () => {
    await kubectl(plan)('get', 'serviceaccount', 'default')
    return true
  })
}

function startScheduler(plan: Plan): Promise<Server> {
  const flags = [
    `--kubeconfig=${plan.kubeconfig}`,
    '--bind-address=127.0.0.1',
    '--secure-port=0',
    '--leader-elect=false',
  ]
  return part(plan, 'kube-scheduler', [...flags, '--authentication-skip-lookup=true'], async () => true)
}

/** A node of 64 cores and 8 GPUs, on which the scheduler counts and nothing runs. */
async function startNode(plan: Plan, podLog: string): Promise<Server> {
  const resources = { cpu: '64', memory: '256Gi', pods: '110', 'nvidia.com/gpu': '8' }
  const labels = { 'kubernetes.io/hostname': nodeName, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' }
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName, labels, annotations: { 'kwok.x-k8s.io/node': 'fake' } },
    status: { allocatable: resources, capacity: resources },
  }
  await writeFile(join(plan.folder, 'node.json'), JSON.stringify(node))
  await kubectl(plan)('create', '-f', join(plan.folder, 'node.json'))
  await writeFile(podLog, `${new Date().toISOString()} stdout F kubebox: no container runs here\n`)
  const configuration = join(plan.folder, 'kwok.yaml')
  const { stdout: stages } = await run(plan.binary, ['stages'])
  const logs = { logs: [{ logsFile: podLog, follow: false }] }
  const clusterLogs = {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'ClusterLogs',
    metadata: { name: 'all' },
    spec: logs,
  }
  await writeFile(configuration, `${stages}\n---\n${JSON.stringify(clusterLogs)}\n`)
  const flags = [
    `--kubeconfig=${plan.kubeconfig}`,
    `--config=${configuration}`,
    '--manage-all-nodes=false',
    '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
    '--node-ip=127.0.0.1',
    '--cidr=10.0.0.1/24',
    '--node-lease-duration-seconds=40',
    `--node-port=${portOf(plan.kubelet)}`,
    `--server-address=${plan.kubelet}`,
    `--tls-cert-file=${plan.certificates.server.certificate}`,
    `--tls-private-key-file=${plan.certificates.server.key}`,
  ]
  const condition = `jsonpath={.status.conditions[?(@.type=="Ready")].status}`
  return part(plan, 'kwok', flags, async () => {
    const status = await kubectl(plan)('get', 'node', nodeName, '-o', condition)
    return status === 'True'
  })
}

function kubectl({ binary, kubeconfig, folder }: Plan): Kubernetes['kubectl'] {
  return async (...words) => {
    const environment = serverEnvironment(folder, { KUBECONFIG: kubeconfig })
    const options = { env: environment, maxBuffer: 64 * 1024 * 1024 }
    const { stdout } = await run(binary, ['kubectl', ...words], options)
    return stdout
  }
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1)
}
