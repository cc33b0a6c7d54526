// A real node beside the simulated one: kubelet and containerd on loopback, whose pods run. They have no network.
import { execFile } from 'node:child_process'
import { chmod, mkdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bringDebian } from '../debian.ts'
import type { Missing } from '../describe-system.ts'
import { bringPythonTree, busyboxImage, missingPythonTree, pythonImage, writeBusyboxTree } from '../docker/images.ts'
import { makeStateFolder } from '../folders.ts'
import { unmountBelow } from '../leftovers.ts'
import { mayRunContainers } from '../outside.ts'
import { freePorts, type Server, serverEnvironment, startServer } from '../server.ts'
import { writeArchive } from './archive.ts'
import type { Kubernetes } from './start.ts'

const run = promisify(execFile)
/** The API server reaches kubelet by this name, which leads to loopback. */
const name = 'localhost'
/** Labels of it. It is tainted, so that nothing comes here by chance. */
export const realNodeSelector = { 'headgate/node': 'real' }

export interface Node {
  readonly kubelet: Server
  readonly containerd: Server
  stop(): Promise<void>
}

/** Brings containerd, and the file trees of the images. */
export async function prepareNode(): Promise<Missing> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'a node needs Linux and root'
  return (
    (await mayRunContainers()) ??
    (await bringDebian('containerd', 'runc', 'debootstrap', 'busybox-static', 'mount', 'iptables')) ??
    (await missingPythonTree())
  )
}

/** Adds the node to the cluster, with the images of the Docker tests in it. */
export async function addNode(kubernetes: Kubernetes): Promise<Node> {
  const folder = makeStateFolder('node')
  const socket = join(folder, 'containerd.sock')
  const servers: Server[] = []
  const stop = async (): Promise<void> => {
    for (const server of servers.toReversed()) await server.stop()
    await unmountBelow(folder)
    await rm(folder, { recursive: true, force: true })
    await removeGroups()
  }
  try {
    const containerd = await startContainerd(folder, socket)
    servers.push(containerd)
    await bringImages(folder, socket)
    const kubelet = await startKubelet(kubernetes, folder, socket)
    servers.push(kubelet)
    return { kubelet, containerd, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startContainerd(folder: string, socket: string): Promise<Server> {
  await writeNetwork(folder)
  const cri = 'plugins."io.containerd.grpc.v1.cri"'
  const configuration = join(folder, 'containerd.toml')
  const lines = [
    'version = 2',
    `root = "${join(folder, 'root')}"`,
    `state = "${join(folder, 'state')}"`,
    '[grpc]',
    `address = "${socket}"`,
    `[${cri}]`,
    `sandbox_image = "docker.io/${pauseImage}"`,
    'restrict_oom_score_adj = true',
    'disable_apparmor = true',
    'stream_server_address = "127.0.0.1"',
    `[${cri}.cni]`,
    `bin_dir = "${join(folder, 'network')}"`,
    `conf_dir = "${join(folder, 'network.d')}"`,
  ]
  await writeFile(configuration, `${lines.join('\n')}\n`)
  return startServer({
    name: 'containerd',
    argv: ['containerd', '--config', configuration, '--log-level', 'warn'],
    folder,
    isReady: async () => Boolean(await run('ctr', ['--address', socket, 'version'])),
  })
}

const pauseImage = 'headgate/pause:real'

/** A network plugin that says yes: each pod has a namespace of its own, and nothing in it. */
async function writeNetwork(folder: string): Promise<void> {
  const answer = {
    cniVersion: '0.4.0',
    interfaces: [{ name: 'eth0', sandbox: '/none' }],
    ips: [{ version: '4', address: '10.99.0.2/24', interface: 0 }],
  }
  const versions = { cniVersion: '0.4.0', supportedVersions: ['0.3.1', '0.4.0'] }
  const script = `#!/bin/sh
case $CNI_COMMAND in
ADD) echo '${JSON.stringify(answer)}' ;;
VERSION) echo '${JSON.stringify(versions)}' ;;
esac
`
  for (const path of ['network', 'network.d']) await mkdir(join(folder, path))
  for (const plugin of ['still', 'loopback']) {
    await writeFile(join(folder, 'network', plugin), script)
    await chmod(join(folder, 'network', plugin), 0o755)
  }
  const chain = { cniVersion: '0.4.0', name: 'still', plugins: [{ type: 'still' }] }
  await writeFile(join(folder, 'network.d/still.conflist'), JSON.stringify(chain))
}

async function bringImages(folder: string, socket: string): Promise<void> {
  const busybox = join(folder, 'busybox.tar')
  await writeBusyboxTree(busybox)
  const images = [
    { name: pauseImage, tree: busybox, command: ['/bin/sleep', '2000000000'] },
    { name: busyboxImage, tree: busybox, command: ['/bin/sh'] },
    { name: pythonImage, tree: await bringPythonTree(), command: ['/usr/bin/python3'] },
  ]
  for (const image of images) {
    const archive = join(folder, 'image.tar')
    await writeArchive(image, archive)
    await run('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', archive])
    await rm(archive)
  }
}

async function startKubelet(kubernetes: Kubernetes, folder: string, socket: string): Promise<Server> {
  const [port = 0] = await freePorts(1)
  const { certificate, key } = kubernetes.certificates.server
  const configuration = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: '127.0.0.1',
    port,
    readOnlyPort: 0,
    healthzPort: 0,
    // The API server of these tests shows kubelet no certificate.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    tlsCertFile: certificate,
    tlsPrivateKeyFile: key,
    containerRuntimeEndpoint: `unix://${socket}`,
    podLogsDir: join(folder, 'logs'),
    cgroupDriver: 'cgroupfs',
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    // This machine is shared: it is never the pods that fill its disk.
    evictionHard: { 'memory.available': '1Mi', 'nodefs.available': '0%', 'imagefs.available': '0%' },
    imageGCHighThresholdPercent: 100,
    makeIPTablesUtilChains: false,
    syncFrequency: '10s',
  }
  const file = join(folder, 'kubelet.json')
  await writeFile(file, JSON.stringify(configuration))
  const labels = Object.entries(realNodeSelector).map(([label, value]) => `${label}=${value}`)
  const ready = `jsonpath={.status.conditions[?(@.type=="Ready")].status}`
  return startServer({
    name: 'kubelet',
    argv: [
      kubernetes.binary,
      'kubelet',
      `--kubeconfig=${kubernetes.kubeconfig}`,
      `--config=${file}`,
      `--root-dir=${join(folder, 'kubelet')}`,
      `--cert-dir=${join(folder, 'kubelet-pki')}`,
      `--hostname-override=${name}`,
      `--node-labels=${labels.join(',')}`,
      '--register-with-taints=headgate/node=real:NoSchedule',
    ],
    folder,
    environment: serverEnvironment(folder),
    isReady: async () => (await kubernetes.kubectl('get', 'node', name, '-o', ready)) === 'True',
  })
}

/** What kubelet's control groups leave behind is empty folders. */
async function removeGroups(): Promise<void> {
  const { stdout } = await run('find', ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', '*/kubepods*'])
  for (const group of stdout.split('\n').filter(Boolean)) await rmdir(group).catch(() => undefined)
}
