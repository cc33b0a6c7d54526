import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OutsideError, UserError } from '@headgate/core'
import { afterEach, expect, test } from 'vitest'
import { addressesOf, findSparkSubmit, reachMaster, sparkRest } from './index.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer)
  closing.push(() => server.close())
  closing.push(() => server.closeAllConnections())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const driver = { mainClass: 'Main', args: [], environment: {}, properties: {} }

test('masters’ addresses are read from all that Spark accepts', () => {
  expect(addressesOf('spark://a:7077,b:7078,[::1]:7079')).toEqual([
    { host: 'a', port: 7077 },
    { host: 'b', port: 7078 },
    { host: '::1', port: 7079 },
  ])
  expect(addressesOf('k8s://https://api.example.org')).toEqual([{ host: 'api.example.org', port: 443 }])
  expect(addressesOf('k8s://http://127.0.0.1:8001')).toEqual([{ host: '127.0.0.1', port: 8001 }])
  expect(addressesOf('k8s://api.example.org:6443')).toEqual([{ host: 'api.example.org', port: 6443 }])
  expect(addressesOf('local[*]')).toEqual([])
  expect(addressesOf('yarn')).toEqual([])
})

test('one of several masters is enough, none is an error of the outside', async () => {
  const { port } = new URL(await serve((_, response) => response.end()))
  await reachMaster(`spark://127.0.0.1:1,127.0.0.1:${port}`)
  await expect(reachMaster('spark://127.0.0.1:1')).rejects.toThrow(OutsideError)
})

test('a master that stands by is passed over', async () => {
  const answer = (message: object) => (_: IncomingMessage, response: ServerResponse) =>
    response.end(JSON.stringify(message))
  const standby = await serve(
    answer({
      success: false,
      message: 'Current state is not alive: STANDBY. Can only accept driver submissions in ALIVE state.',
    }),
  )
  const alive = await serve(answer({ success: true, submissionId: 'driver-1' }))
  expect(await sparkRest([standby, alive]).create(driver)).toBe('driver-1')
})

test('a page that is not Spark’s is told as such, after a few tries', async () => {
  let asked = 0
  const page = await serve((_, response) => {
    asked += 1
    response.end('<html>Hello</html>')
  })
  await expect(sparkRest([page]).status('driver-1')).rejects.toThrow(/answered 200 with what is no answer of Spark’s/)
  expect(asked).toBe(3)
})

test('a driver is not sent again when the connection broke off: it may run', async () => {
  let asked = 0
  const address = await serve((request) => {
    asked += 1
    request.socket.destroy()
  })
  await expect(sparkRest([address]).create(driver)).rejects.toThrow(/the master may have taken it/)
  expect(asked).toBe(1)
})

test('a driver that is refused is the user’s to mend', async () => {
  const address = await serve((_, response) => {
    response.statusCode = 400
    response.end(JSON.stringify({ action: 'ErrorResponse', message: 'Application jar is missing.' }))
  })
  const refused = sparkRest([address]).create(driver)
  await expect(refused).rejects.toThrow(UserError)
  await expect(refused).rejects.toThrow(/Application jar is missing/)
})

function installation(spark: string, java: string): Readonly<Record<'SPARK_HOME' | 'JAVA_HOME', string>> {
  const folder = mkdtempSync(join(tmpdir(), 'spark-'))
  const program = { mode: 0o755 }
  for (const part of ['spark/bin', 'spark/jars', 'java/bin']) mkdirSync(join(folder, part), { recursive: true })
  writeFileSync(join(folder, 'spark/bin/spark-submit'), '', program)
  writeFileSync(join(folder, `spark/jars/spark-core_2.13-${spark}.jar`), '')
  writeFileSync(join(folder, 'java/bin/java'), '', program)
  writeFileSync(join(folder, 'java/release'), `IMPLEMENTOR="X"\nJAVA_VERSION="${java}"\n`)
  return { SPARK_HOME: join(folder, 'spark'), JAVA_HOME: join(folder, 'java') }
}

test.each([
  ['4.0.1', '17.0.15', undefined],
  ['4.0.1', '21', undefined],
  ['3.5.8', '1.8.0_402', undefined],
  ['4.0.1', '11.0.2', /Spark 4\.0 does not run on Java 11/],
  ['4.0.1', '1.8.0_402', /Spark 4\.0 does not run on Java 8/],
])('Spark %s on Java %s', async (spark, java, refusal) => {
  const environment = installation(spark, java)
  const found = findSparkSubmit(undefined, environment, '/')
  if (refusal) return expect(found).rejects.toThrow(refusal)
  expect(await found).toEqual({
    command: join(environment.SPARK_HOME, 'bin/spark-submit'),
    configuration: join(environment.SPARK_HOME, 'conf'),
  })
})

test('a Java that `spark-env.sh` may set is not looked for', async () => {
  const environment = { ...installation('4.0.1', '17'), JAVA_HOME: '/nowhere' }
  await expect(findSparkSubmit(undefined, environment, '/')).rejects.toThrow(/needs Java/)
  mkdirSync(join(environment.SPARK_HOME, 'conf'))
  writeFileSync(join(environment.SPARK_HOME, 'conf/spark-env.sh'), 'JAVA_HOME=/opt/java\n')
  await findSparkSubmit(undefined, environment, '/')
})
