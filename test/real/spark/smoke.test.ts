import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { prepare, type Spark, start } from './start.ts'

const run = promisify(execFile)
const job = `import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
with open(sys.argv[1], 'w') as file:
    file.write(f'{spark.range(100).selectExpr("sum(id)").first()[0]} {spark.sparkContext.master}')
if len(sys.argv) > 2:
    raise SystemExit(int(sys.argv[2]))
`

describeSystem('spark', await prepare(), () => {
  let spark: Spark

  beforeAll(async () => {
    spark = await start()
  })
  afterAll(() => spark?.stop())

  async function writeJob(): Promise<{ script: string; output: string }> {
    const folder = makeStateFolder('job')
    const script = join(folder, 'job.py')
    await writeFile(script, job)
    return { script, output: join(folder, 'output') }
  }

  test('spark-submit runs a script on the worker, and passes its exit code through', async () => {
    const { script, output } = await writeJob()
    const submit = (...words: string[]): Promise<unknown> =>
      run(join(spark.commands, 'spark-submit'), ['--master', spark.master, script, output, ...words], {
        env: spark.environment,
      })
    await submit()
    expect(await readFile(output, 'utf8')).toBe(`4950 ${spark.master}`)
    await expect(submit('3')).rejects.toMatchObject({ code: 3 })
  })

  test('the REST server takes a Python script, and tells that it has finished', async () => {
    const { script, output } = await writeJob()
    const answer = await fetch(`${spark.rest}/v1/submissions/create`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        action: 'CreateSubmissionRequest',
        clientSparkVersion: '4.3.0',
        appResource: '',
        mainClass: 'org.apache.spark.deploy.SparkSubmit',
        appArgs: ['--master', 'local[1]', script, output],
        environmentVariables: { PYSPARK_PYTHON: join(spark.commands, 'python'), SPARK_LOCAL_IP: '127.0.0.1' },
        sparkProperties: { 'spark.app.name': 'job', 'spark.master': spark.master, 'spark.driver.memory': '512m' },
      }),
    })
    const created = (await answer.json()) as { success: boolean; submissionId: string }
    expect(created).toMatchObject({ success: true })
    const state = async (): Promise<string> => {
      const status = await fetch(`${spark.rest}/v1/submissions/status/${created.submissionId}`)
      return ((await status.json()) as { driverState: string }).driverState
    }
    await expect.poll(state, { timeout: 180_000, interval: 500 }).toMatch(/FINISHED|FAILED|ERROR|KILLED/)
    expect(await state()).toBe('FINISHED')
    expect(await readFile(output, 'utf8')).toBe('4950 local[1]')
  })
})
