import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { type Dvc, prepare, start } from './start.ts'

describeSystem('dvc', await prepare(), () => {
  let dvc: Dvc

  beforeAll(async () => {
    dvc = await start()
  })
  afterAll(() => dvc?.stop())

  test('what was pushed is pulled again, byte for byte', async () => {
    const data = join(dvc.repository, 'data.csv')
    const text = 'id,city\n1,Zürich\n'
    await writeFile(data, text)
    await dvc.dvc('add', 'data.csv')
    await dvc.dvc('push')
    const md5 = createHash('md5').update(text).digest('hex')
    expect(existsSync(join(dvc.remote, 'files/md5', md5.slice(0, 2), md5.slice(2)))).toBe(true)
    await rm(data)
    await rm(join(dvc.repository, '.dvc/cache'), { recursive: true })
    await dvc.dvc('pull')
    expect(await readFile(data, 'utf8')).toBe(text)
  })
})
