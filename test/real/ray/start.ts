import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bringPython } from '../../../scripts/python.ts'
import type { Missing } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { answers, freePorts, type Server, startServer } from '../server.ts'

export interface Ray {
  /**
   * Of the dashboard, the Jobs and the Serve API. Node's `fetch` is refused there on writes, as a browser would be: use
   * `node:http` or undici.
   */
  readonly address: string
  readonly head: Server
  /** Where Ray keeps what it needs on the disk. */
  readonly temporary: string
  stop(): Promise<void>
}

/** Brings Ray into `.tools/ray`. */
export async function prepare(): Promise<Missing> {
  await bringRay()
  return undefined
}

function bringRay(): Promise<string> {
  return bringPython({ name: 'ray', lock: join(import.meta.dirname, 'requirements.lock') })
}

/** Starts a head with two CPUs. @param environment what it gets besides, as `RAY_AUTH_MODE`. */
export async function start(environment: Readonly<Record<string, string>> = {}): Promise<Ray> {
  const folder = makeStateFolder('ray')
  const commands = await bringRay()
  const [gcs, dashboard, metrics, client, agent, agentGrpc] = await freePorts(6)
  const address = `http://127.0.0.1:${dashboard}`
  const flags = [
    '--head',
    '--block',
    '--node-ip-address=127.0.0.1',
    `--port=${gcs}`,
    '--dashboard-host=127.0.0.1',
    `--dashboard-port=${dashboard}`,
    `--metrics-export-port=${metrics}`,
    `--ray-client-server-port=${client}`,
    `--dashboard-agent-listen-port=${agent}`,
    `--dashboard-agent-grpc-port=${agentGrpc}`,
    '--num-cpus=2',
    '--object-store-memory=200000000',
    `--temp-dir=${join(folder, 't')}`,
  ]
  const token = environment.RAY_AUTH_TOKEN
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const head = await startServer({
    name: 'ray',
    argv: [join(commands, 'ray'), 'start', ...flags],
    folder,
    environment: {
      // Without it the loopback address is replaced by the machine's.
      RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: '0',
      RAY_USAGE_STATS_ENABLED: '0',
      PATH: `${commands}:${process.env.PATH}`,
      ...environment,
    },
    // Told to end before it says so, it leaves its processes alone.
    isReady: async (printed) =>
      printed.includes('Ray runtime started') && (await answers(`${address}/api/jobs/`, headers)),
  })
  return {
    address,
    head,
    temporary: join(folder, 't'),
    stop: async () => {
      await head.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
