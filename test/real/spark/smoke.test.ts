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
raise SystemExit(3)
`

describeSystem('spark', await prepare(), () => {
  let spark: Spark

  beforeAll(async () => {
    spark = await start()
  })
  afterAll(() => spark?.stop())

  test('spark-submit runs a script on the worker, and passes its exit code through', async () => {
    const folder = makeStateFolder('job')
    const script = join(folder, 'job.py')
    const output = join(folder, 'output')
    await writeFile(script, job)
    const submit = join(spark.commands, 'spark-submit')
    const submitted = run(submit, ['--master', spark.master, script, output], { env: spark.environment })
    await expect(submitted).rejects.toMatchObject({ code: 3 })
    expect(await readFile(output, 'utf8')).toBe(`4950 ${spark.master}`)
  })
})
