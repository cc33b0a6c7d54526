import { connect } from 'node:net'
import { OutsideError } from '@headgate/core'

const withinMs = 5000
const rounds = 2

/**
 * Makes sure that a master listens, which Spark itself would find out after minutes. Masters without an address of
 * their own (`local[*]`, `yarn`) are not asked.
 * @throws OutsideError when none of its addresses can be reached.
 */
export async function reachMaster(master: string): Promise<void> {
  const addresses = addressesOf(master)
  if (addresses.length === 0) return
  const reasons: string[] = []
  for (let round = 0; round < rounds; round += 1)
    for (const address of addresses) {
      const reason = await reasonAgainst(address)
      if (reason === undefined) return
      reasons.push(`${address.host}:${address.port}: ${reason}`)
    }
  throw new OutsideError({
    tried: `Tried to reach the Spark master ${master}, ${rounds} times.`,
    state: `It does not answer (${[...new Set(reasons)].join('; ')}); nothing was submitted.`,
    next: 'Start it, mend `spark: {master: …}`, or run where it can be reached, then run again.',
  })
}

interface Address {
  readonly host: string
  readonly port: number
}

/** The machines of a master: those of a standalone one may be several. */
export function addressesOf(master: string): Address[] {
  if (master.startsWith('spark://'))
    return master
      .slice('spark://'.length)
      .split(',')
      .map((part) => addressOf(`spark://${part}`, 7077))
  if (!master.startsWith('k8s://')) return []
  const url = master.slice('k8s://'.length)
  return [addressOf(url.includes('://') ? url : `https://${url}`, 443)]
}

function addressOf(text: string, defaultPort: number): Address {
  const url = new URL(text.replace(/^spark:/, 'http:'))
  const standard = url.protocol === 'http:' && text.startsWith('http:') ? 80 : defaultPort
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? standard : Number(url.port) }
}

/** Why an address cannot be connected to; `undefined` when it can. */
function reasonAgainst({ host, port }: Address): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (reason: string | undefined): void => {
      socket.destroy()
      resolve(reason)
    }
    socket.setTimeout(withinMs, () => end(`no answer within ${withinMs / 1000} s`))
    socket.once('connect', () => end(undefined))
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  })
}
