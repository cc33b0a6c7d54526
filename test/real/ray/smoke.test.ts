import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { prepare, type Ray, start } from './start.ts'

interface Job {
  readonly status: string
}

describeSystem('ray', await prepare(), () => {
  let ray: Ray

  beforeAll(async () => {
    ray = await start()
  })
  afterAll(() => ray?.stop())

  async function ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const text = await new Promise<string>((resolve, reject) => {
      const headers = { 'content-type': 'application/json' }
      const sent = request(`${ray.address}${path}`, { method, headers }, (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('end', () => {
          const received = Buffer.concat(parts).toString()
          if (answer.statusCode === 200) resolve(received)
          else reject(new Error(`${answer.statusCode}: ${received}`))
        })
      })
      sent.on('error', reject)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
    return JSON.parse(text) as Answer
  }

  async function runJob(submissionId: string, entrypoint: string): Promise<void> {
    await ask('POST', '/api/jobs/', { submission_id: submissionId, entrypoint })
    const status = async (): Promise<string> => (await ask<Job>('GET', `/api/jobs/${submissionId}`)).status
    await expect.poll(status, { timeout: 120_000, interval: 300 }).toMatch(/SUCCEEDED|FAILED|STOPPED/)
  }

  test('a job that uses Ray succeeds, and its log tells what it printed', async () => {
    const code =
      'import ray; ray.init(); print(sum(ray.get([ray.remote(lambda x: x * x).remote(n) for n in range(4)])))'
    await runJob('squares', `python -c "${code}"`)
    expect(await ask('GET', '/api/jobs/squares')).toMatchObject({ status: 'SUCCEEDED', driver_exit_code: 0 })
    const { logs } = await ask<{ logs: string }>('GET', '/api/jobs/squares/logs')
    expect(logs.trim().split('\n').at(-1)).toBe('14')
  })

  test('a job that fails says so, with its exit code', async () => {
    await runJob('fails', 'python -c "raise SystemExit(3)"')
    expect(await ask('GET', '/api/jobs/fails')).toMatchObject({ status: 'FAILED', driver_exit_code: 3 })
  })

  test('a head that was killed comes back at the same address', async () => {
    await ray.head.kill()
    await expect(ask('GET', '/api/jobs/')).rejects.toThrow('ECONNREFUSED')
    await ray.head.start()
    expect(await ask('GET', '/api/jobs/')).toEqual([])
  })
})
