// One comment of ours on a pull request: found by marker and author, written only when it says something else, and one
// even where many jobs write it at once.
import { type Call, type ForgeTwin, misfits, startForge } from '@headgate/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Forge, forgeFor } from './index.ts'

const marker = '<!-- headgate:churn:report -->'
const jobs = 20
let twin: ForgeTwin

beforeEach(async () => {
  twin = await startForge()
})
afterEach(async () => {
  await twin.close()
  expect(misfits(twin.calls)).toEqual([])
})

/** Holds requests back until `count` of a kind have come, so that none of them knows of another's effect. */
function barrier(isMeant: (call: Call) => boolean, count: number): (call: Call) => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let come = 0
  return async (call) => {
    if (!isMeant(call) || come >= count) return
    come += 1
    if (come === count) resolve()
    await promise
  }
}

/** A wait that differs from request to request, and is the same in every run. */
function jitter(seed: number): (call: Call) => Promise<void> {
  let state = seed
  return async () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    await new Promise((done) => setTimeout(done, state % 12))
  }
}

describe.each(['github', 'gitea'] as const)('%s', (kind) => {
  const open = (): Promise<Forge> => {
    const apiUrl = kind === 'gitea' ? `${twin.url}/api/v1` : twin.url
    return forgeFor({ kind, apiUrl, serverUrl: twin.url, repository: 'o/r', token: 'secret' }, { delays: [1, 1] })
  }
  const plant = (id: number, body: string, login = twin.logins[kind]): void =>
    void twin.comments.push({ id, issue: 7, body, user: { login } })
  const ours = (): string[] => twin.comments.map(({ body }) => body).filter((body) => body.startsWith(marker))

  /** Each job its own client, as each has its own process; each its own text. */
  async function race(text = (job: number) => `job ${job}`): Promise<string[]> {
    const forges = await Promise.all(Array.from({ length: jobs }, open))
    const done = await Promise.all(forges.map((forge, job) => forge.upsertComment(7, marker, text(job))))
    return done.map(({ action }) => action)
  }

  async function isAtRest(): Promise<void> {
    const [body = ''] = ours()
    const before = twin.writes().length
    expect((await (await open()).upsertComment(7, marker, body.slice(marker.length + 1))).action).toBe('unchanged')
    expect(twin.writes()).toHaveLength(before)
  }

  test('twenty jobs that all see no comment end with one, and it is one of theirs', async () => {
    const lists = barrier(({ method, below }) => method === 'GET' && below.endsWith('/comments'), jobs)
    const posts = barrier(({ method, below }) => method === 'POST' && below.endsWith('/comments'), jobs)
    twin.before = async (call) => {
      await lists(call)
      await posts(call)
    }
    await race()
    expect(twin.writes().filter((write) => write.startsWith('POST'))).toHaveLength(jobs)
    expect(ours()).toEqual([expect.stringMatching(/^<!-- headgate:churn:report -->\njob \d+$/)])
    await isAtRest()
  })

  test.each([1, 2, 3, 4, 5])('twenty jobs in disorder end with one (seed %i)', async (seed) => {
    twin.before = jitter(seed)
    await race()
    expect(ours()).toHaveLength(1)
    await isAtRest()
  })

  test('twenty jobs that say the same beside a comment that says it write nothing', async () => {
    plant(1, `${marker}\nsame`)
    expect(new Set(await race(() => 'same'))).toEqual(new Set(['unchanged']))
    expect(twin.writes()).toEqual([])
  })

  test('twenty jobs change the comment that is there, and leave one', async () => {
    for (const id of [1, 2, 3]) plant(id, `${marker}\nold`)
    twin.before = jitter(7)
    await race()
    expect(twin.comments).toMatchObject([{ id: 1 }])
    await isAtRest()
  })

  test('a comment that became visible late does not stay beside an older one', async () => {
    // The older one is written, and seen, only after the newer one has looked for others.
    const forge = await open()
    let isFirst = true
    twin.before = async (call) => {
      if (!isFirst || call.method !== 'POST' || !call.below.endsWith('/comments')) return
      isFirst = false
      plant(5000, `${marker}\nnewer`)
    }
    await forge.upsertComment(7, marker, 'older')
    expect(ours()).toEqual([`${marker}\nolder`])
  })

  test('a comment whose answer was lost is not written twice', async () => {
    twin.faults = [{ status: 502, method: 'POST', path: /comments$/, isLate: true, times: 1 }]
    await (await open()).upsertComment(7, marker, 'one')
    expect(ours()).toEqual([`${marker}\none`])
  })

  test('a comment that somebody removes meanwhile is written again', async () => {
    plant(1, `${marker}\nold`)
    twin.before = ({ method }) => {
      if (method === 'PATCH') twin.comments.length = 0
    }
    await (await open()).upsertComment(7, marker, 'new')
    expect(ours()).toEqual([`${marker}\nnew`])
  })

  test('a comment that may not be changed is not tried for ever', async () => {
    plant(1, `${marker}\nold`)
    twin.faults = [{ status: 404, method: 'PATCH' }]
    await expect((await open()).upsertComment(7, marker, 'new')).rejects.toMatchObject({ status: 404 })
    expect(twin.calls.filter(({ method }) => method === 'PATCH')).toHaveLength(1)
  })

  test('somebody else’s marker, and one within a text, are no comment of ours', async () => {
    plant(1, `${marker}\nplanted`, 'mallory')
    plant(2, `look: ${marker}`)
    await (await open()).upsertComment(7, marker, 'ours')
    expect(twin.comments.slice(0, 2).map(({ body }) => body)).toEqual([`${marker}\nplanted`, `look: ${marker}`])
    expect(twin.comments[2]?.body).toBe(`${marker}\nours`)
  })

  test.each([0, 1, 49, 50, 51, 99, 100, 101, 500])('it is found behind %i others', async (count) => {
    for (let id = 1; id <= count; id += 1) plant(id, 'hello', 'you')
    plant(900, `${marker}\nold`)
    expect((await (await open()).upsertComment(7, marker, 'new')).action).toBe('updated')
    expect(twin.comments).toHaveLength(count + 1)
  })

  test('line ends and blanks that the forge changed are no change', async () => {
    plant(1, `${marker}\r\none\r\ntwo`)
    expect((await (await open()).upsertComment(7, marker, 'one\ntwo\n')).action).toBe('unchanged')
    expect(twin.writes()).toEqual([])
  })
})
