// Masters that are not here, YARN and Kubernetes: what spark-submit itself understands of what it is given.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { endGroup } from '@headgate/systems'
import { expect, test } from 'vitest'
import { submitArguments } from '../../../actions/train/src/executors/spark/arguments.ts'
import { clusterDriver } from '../../../actions/train/src/executors/spark/cluster.ts'
import { sparkExecutor } from '../../../actions/train/src/executors/spark/executor.ts'
import { propertiesText } from '../../../actions/train/src/executors/spark/properties.ts'
import { sparkSettings } from '../../../actions/train/src/executors/spark/settings.ts'
import {
  clusterArguments,
  secretProperties,
  sparkSubmitter,
} from '../../../actions/train/src/executors/spark/submitted.ts'
import { makeStateFolder } from '../folders.ts'
import { follow, specOf } from './jobs.ts'
import type { Spark } from './start.ts'

interface Understood {
  /** Its arguments, by its own names; `null` where it has none. */
  readonly parsed: Readonly<Record<string, string>>
  /** The class it would start, that one’s arguments, and Spark’s properties there. */
  readonly main: string
  readonly args: readonly string[]
  readonly properties: Readonly<Record<string, string>>
  readonly printed: string
}

/** What `spark-submit --verbose` says before it turns to the master. */
async function understood(spark: Spark, words: readonly string[]): Promise<Understood> {
  const folder = makeStateFolder('hadoop')
  const child = spawn(join(spark.commands, 'spark-submit'), ['--verbose', ...words], {
    env: { ...spark.environment, HADOOP_CONF_DIR: folder },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  await new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        printed += chunk.toString()
        if (printed.includes('Classpath elements:')) resolve()
      })
    child.once('close', () => resolve())
  })
  await endGroup(child.pid ?? 0, 5000)
  const part = (from: string, to: string): string[] =>
    (printed.split(`${from}\n`)[1] ?? '').split(`${to}\n`)[0]?.split('\n').filter(Boolean) ?? []
  const pairs = (lines: readonly string[], form: RegExp): Record<string, string> => {
    const found = lines.map((line) => form.exec(line)).filter((match) => match !== null)
    return Object.fromEntries(found.map(([, name = '', value = '']) => [name, value]))
  }
  return {
    parsed: pairs(
      part('Parsed arguments:', 'Spark properties used, including those specified through'),
      /^ {2}(\w+)\s+(.+)$/,
    ),
    main: part('Main class:', 'Arguments:')[0] ?? '',
    args: part('Arguments:', 'Spark config:'),
    properties: pairs(part('Spark config:', 'Classpath elements:'), /^\(([^,]+),(.*)\)$/),
    printed,
  }
}

const api = 'k8s://https://127.0.0.1:1'

export function masterTests(spark: () => Spark): void {
  test('spark-submit understands what it is given for YARN, and shows no secret', async () => {
    const settings = sparkSettings.parse({
      master: 'yarn',
      deployMode: 'cluster',
      shared: '/shared',
      conf: { 'spark.yarn.queue': 'ml', 'spark.redaction.regex': 'own' },
      pyFiles: ['/shared/n/code/lib.py'],
    })
    const spec = { secretNames: ['DATABASE'], variables: { DATABASE: 'pa\\ss wörd', ALPHA: 'ä' } }
    const folder = makeStateFolder('submission')
    writeFileSync(join(folder, 'launcher.py'), '')
    const file = join(folder, 'submit.properties')
    const secrets = secretProperties(spec, settings)
    writeFileSync(file, await propertiesText(join(spark().folder, 'conf'), secrets, settings.conf))
    const words = clusterArguments('headgate-m-1', folder, settings, file)
    expect(words.join(' ')).not.toContain('pa\\ss')
    const found = await understood(spark(), words)
    expect(found.parsed).toMatchObject({ master: 'yarn', deployMode: 'cluster', name: 'headgate-m-1' })
    expect(found.parsed.primaryResource).toBe(`file:${folder}/launcher.py`)
    expect(found.parsed.childArgs).toBe(`[${folder}]`)
    expect(found.main).toBe('org.apache.spark.deploy.yarn.YarnClusterApplication')
    expect(found.args).toContain(`file:${folder}/launcher.py`)
    expect(found.properties).toMatchObject({
      'spark.yarn.queue': 'ml',
      'spark.yarn.submit.waitAppCompletion': 'true',
      'spark.yarn.dist.pyFiles': 'file:/shared/n/code/lib.py',
      'spark.yarn.appMasterEnv.DATABASE': expect.stringContaining('redacted'),
      // Of the installation’s own defaults, which a file of properties would otherwise hide.
      'spark.cores.max': '1',
    })
    expect(found.printed).not.toContain('wörd')
    expect(readFileSync(file, 'utf8')).toContain('spark.yarn.appMasterEnv.DATABASE=pa\\\\ss wörd')
  })

  test('spark-submit understands what it is given for Kubernetes', async () => {
    const settings = sparkSettings.parse({
      master: api,
      deployMode: 'cluster',
      shared: '/shared',
      conf: { 'spark.kubernetes.container.image': 'spark:4' },
      pyFiles: ['/shared/n/code/lib.py'],
    })
    const words = clusterArguments('headgate-m-1', '/shared/n', settings, undefined)
    const found = await understood(spark(), words)
    expect(found.parsed).toMatchObject({ master: api, deployMode: 'cluster', childArgs: '[/shared/n]' })
    expect(found.parsed.primaryResource).toBe('local:///shared/n/launcher.py')
    expect(found.main).toBe('org.apache.spark.deploy.k8s.submit.KubernetesClientApplication')
    expect(found.properties).toMatchObject({
      'spark.kubernetes.container.image': 'spark:4',
      'spark.kubernetes.submission.waitAppCompletion': 'true',
      'spark.submit.pyFiles': expect.stringContaining('local:///shared/n/code/lib.py'),
      'spark.master': api,
    })
  })

  test('spark-submit understands a jar with a class, for a client of YARN', async () => {
    const settings = sparkSettings.parse({ master: 'yarn', conf: { 'spark.driver.memory': '1g' } })
    const jar = join(spark().home, 'jars', 'slf4j-api-2.0.17.jar')
    const application = { file: jar, args: ['--seed', '7'], class: 'org.example.Train' }
    const { parsed } = await understood(spark(), submitArguments(settings, { name: 'n', application }))
    expect(parsed).toMatchObject({
      master: 'yarn',
      deployMode: 'client',
      mainClass: 'org.example.Train',
      driverMemory: '1g',
      primaryResource: `file:${jar}`,
      childArgs: '[--seed 7]',
    })
  })

  test('what Kubernetes says against a driver is told', async () => {
    const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', code: 403 }
    const server = createServer((_, response) => {
      response.writeHead(403, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ ...status, message: 'pods is forbidden: exceeded quota: ml' }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const shared = makeStateFolder('shared')
    const conf = { 'spark.kubernetes.container.image': 'spark:4' }
    const settings = sparkSettings.parse({
      master: `k8s://http://127.0.0.1:${port}`,
      deployMode: 'cluster',
      shared,
      conf,
    })
    const { environment, folder } = spark()
    const submitter = sparkSubmitter({ settings, environment, workspace: folder })
    const executor = sparkExecutor({ driver: clusterDriver({ settings, submitter }), image: 'spark:4' })
    try {
      const spec = specOf('python', { next: 'hang' }, { inherited: environment })
      const { job, ended } = await follow(executor, spec)
      expect(await ended).toMatchObject({ state: 'failed', cause: 'start' })
      expect((await ended).message).toContain('exceeded quota: ml')
      await executor.release(job)
      const secret = specOf('python', { next: 'hang' }, { variables: { TOKEN: 'x' }, secretNames: ['TOKEN'] })
      await expect(executor.submit(secret)).rejects.toThrow(/secret TOKEN would stand in the driver’s pod/)
    } finally {
      server.close()
    }
  })
}
