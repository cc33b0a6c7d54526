import { digestOf } from '@headgate/core'
import type { Container, KubernetesJob, PodTemplate } from '@headgate/systems/kubernetes'
import { contractVariables } from '../contract.ts'
import type { Spec } from '../port.ts'
import { annotationsOf, selectableLabels } from './labels.ts'
import { keeper, output, packed as packedFolder, preparer, root, trainer } from './names.ts'
import { type Packed, partsDigest } from './packing.ts'
import { keepScript, prepareScript, trainScript } from './scripts.ts'
import type { KubernetesSettings } from './settings.ts'

/** A week: for whoever attaches late. */
const keptSeconds = 7 * 24 * 3600
/** What is cancelled is gone within 10 s. */
const graceSeconds = 5

/** What a training becomes in a cluster. */
export interface Blueprint {
  readonly job: KubernetesJob
  /** The Secrets that its pod reads, by name, with their values. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, Buffer>>>>
}

/** A Job that waits until its Secrets are there: it is their owner, and takes them with it. */
export function blueprintOf(spec: Spec, settings: KubernetesSettings, packed: Packed): Blueprint {
  // Names of their own: those of a Job of this name that is going away may still be there.
  const suffix = digestOf(`${spec.runId} ${partsDigest(packed.parts)}`).slice('sha256:'.length, 'sha256:'.length + 10)
  const variables = Object.fromEntries(spec.secretNames.map((name) => [name, Buffer.from(spec.variables[name] ?? '')]))
  const parts = packed.parts.map(
    (part, index) => [`${spec.name}-${suffix}-${index}`, { [partName(index)]: part }] as const,
  )
  const variablesName = `${spec.name}-${suffix}-env`
  const secrets = {
    ...Object.fromEntries(parts),
    ...(spec.secretNames.length === 0 ? {} : { [variablesName]: variables }),
  }
  const template = templateOf(spec, settings, packed, {
    parts: parts.map(([name]) => name),
    variables: variablesName,
  })
  const keepSeconds = settings.volumeClaim === undefined ? seconds(settings.keepFor) : 0
  const timeout = spec.timeoutMs === undefined ? {} : { activeDeadlineSeconds: seconds(spec.timeoutMs) + keepSeconds }
  const job: KubernetesJob = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: spec.name, labels: selectableLabels(spec.model), annotations: annotationsOf(spec) },
    spec: {
      suspend: true,
      backoffLimit: 0,
      // A node that was taken away is not the training’s failure: it gets another.
      podFailurePolicy: {
        rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
      },
      ...timeout,
      ttlSecondsAfterFinished: keptSeconds,
      template,
    },
  }
  return { job, secrets }
}

function partName(index: number): string {
  return `part-${String(index).padStart(3, '0')}`
}

interface SecretNames {
  readonly parts: readonly string[]
  readonly variables: string
}

function templateOf(spec: Spec, settings: KubernetesSettings, packed: Packed, names: SecretNames): PodTemplate {
  const { volumeClaim, serviceAccount } = settings
  const sources = names.parts.map((name, index) => ({
    secret: { name, items: [{ key: partName(index), path: partName(index) }] },
  }))
  return {
    metadata: { labels: selectableLabels(spec.model), annotations: annotationsOf(spec) },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: graceSeconds,
      enableServiceLinks: false,
      automountServiceAccountToken: serviceAccount !== undefined,
      ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
      imagePullSecrets: settings.imagePullSecrets.map((name) => ({ name })),
      nodeSelector: settings.nodeSelector,
      tolerations: settings.tolerations,
      initContainers: [preparing(settings, spec)],
      containers: [training(spec, settings, packed, names), ...(volumeClaim === undefined ? [keeping(settings)] : [])],
      volumes: [
        { name: 'training', emptyDir: {} },
        { name: 'packed', projected: { sources } },
        ...(volumeClaim === undefined ? [] : [{ name: 'output', persistentVolumeClaim: { claimName: volumeClaim } }]),
      ],
    },
  }
}

function preparing(settings: KubernetesSettings, spec: Spec): Container {
  const mounts = [...mountsOf(spec, settings), { name: 'packed', mountPath: packedFolder, readOnly: true }]
  const last = { terminationMessagePolicy: 'FallbackToLogsOnError' }
  return { ...small(settings, preparer, ['/bin/sh', '-c', prepareScript]), volumeMounts: mounts, ...last }
}

function training(spec: Spec, settings: KubernetesSettings, packed: Packed, names: SecretNames): Container {
  const places = { data: packed.data, output, params: packed.params }
  const plain = Object.entries({ ...spec.variables, ...contractVariables(spec, places) })
    .filter(([name]) => !spec.secretNames.includes(name))
    .map(([name, value]) => ({ name, value: literally(value) }))
  const ours = spec.secretNames.map((name) => fromSecret(name, names.variables, name))
  const theirs = Object.entries(settings.secrets).map(([name, reference]) => {
    const [secret = '', key = ''] = reference.split('/')
    return fromSecret(name, secret, key)
  })
  const limit = spec.timeoutMs === undefined ? 0 : seconds(spec.timeoutMs)
  const waiting = settings.volumeClaim === undefined ? keeper : '-'
  return {
    name: trainer,
    image: settings.image,
    command: ['/bin/sh', '-c', literally(trainScript), 'headgate', String(limit), waiting],
    args: spec.argv.map(literally),
    env: [...theirs, ...plain, ...ours],
    resources: resourcesOf(spec, settings),
    volumeMounts: mountsOf(spec, settings),
    ...security(settings),
  }
}

function fromSecret(name: string, secret: string, key: string) {
  return { name, valueFrom: { secretKeyRef: { name: secret, key } } }
}

/** `$(NAME)` would be replaced by a variable’s value, and `$$` by a single one. */
function literally(text: string): string {
  return text.replaceAll('$', () => '$$')
}

function keeping(settings: KubernetesSettings): Container {
  const words = ['/bin/sh', '-c', literally(keepScript), 'headgate', String(seconds(settings.keepFor))]
  return { ...small(settings, keeper, words), volumeMounts: [{ name: 'training', mountPath: root }] }
}

/** A container beside the training, of its image: no other has to be pulled. */
export function small(settings: KubernetesSettings, name: string, command: string[]): Container {
  const resources = { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '500m', memory: '256Mi' } }
  return { name, image: settings.image, command, resources, ...security(settings) }
}

export function outputFolder(name: string): string {
  return `headgate/${name}`
}

function mountsOf({ name }: Spec, { volumeClaim }: KubernetesSettings) {
  const own = { name: 'training', mountPath: root }
  return volumeClaim === undefined ? [own] : [own, { name: 'output', mountPath: output, subPath: outputFolder(name) }]
}

function security({ restricted }: KubernetesSettings): Pick<Container, 'securityContext'> {
  if (!restricted) return {}
  const rules = { allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: { drop: ['ALL'] } }
  return { securityContext: { ...rules, seccompProfile: { type: 'RuntimeDefault' } } }
}

function resourcesOf({ memoryBytes }: Spec, { resources }: KubernetesSettings): NonNullable<Container['resources']> {
  const memory = memoryBytes === undefined ? {} : { memory: String(memoryBytes) }
  const requests = { ...memory, ...named(resources.requests) }
  // What is counted in pieces, as GPUs are, is asked for by its limit.
  const pieces = Object.fromEntries(Object.entries(requests).filter(([name]) => name.includes('/')))
  return { requests, limits: { ...pieces, ...named(resources.limits), ...memory } }
}

function named(amounts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(amounts).map(([name, amount]) => [name === 'gpu' ? 'nvidia.com/gpu' : name, amount]),
  )
}

function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000))
}
