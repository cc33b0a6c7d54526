import { expect, test } from 'vitest'
import { submitArguments } from './arguments.ts'
import { propertiesText } from './properties.ts'
import { sparkSettings } from './settings.ts'

test.each([
  [{}, ['master']],
  [{ master: 'mesos://x' }, ['master']],
  [{ master: 'local[*]', deployMode: 'cluster' }, ['deployMode', 'shared']],
  [{ master: 'spark://h:7077', deployMode: 'cluster' }, ['shared']],
  [{ master: 'yarn', deployMode: 'cluster', shared: '/s', rest: 'http://h:6066' }, ['rest']],
  [{ master: 'local', conf: { 'executor.memory': '1g' } }, ['conf.executor.memory']],
  [{ master: 'local', conf: { 'spark.master': 'yarn' } }, ['conf.spark.master']],
  [{ master: 'local', conf: { 'spark.ssl.keyPassword': 'x' } }, ['conf.spark.ssl.keyPassword']],
  [{ master: 'local', packages: ['hadoop-aws'] }, ['packages.0']],
])('%j is refused where it is wrong', (given, paths) => {
  const { error } = sparkSettings.safeParse(given)
  expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(paths)
})

test('settings become arguments; those of `conf` win over what is said by default, and none of them is a secret', () => {
  const settings = sparkSettings.parse({
    master: 'spark://h:7077',
    conf: { 'spark.log.level': 'INFO', 'spark.executor.cores': 4, 'spark.kubernetes.driver.secretKeyRef.A': 'n:k' },
    pyFiles: ['a.py', 's3a://b/c.zip'],
    packages: ['g:a:1', 'g:b:2'],
    jars: ['x.jar'],
  })
  const application = { file: 'train.py', args: ['--name', 'a b'], class: undefined }
  expect(submitArguments(settings, { name: 'headgate-m-1', application })).toEqual([
    ...['--master', 'spark://h:7077', '--deploy-mode', 'client', '--name', 'headgate-m-1'],
    ...['--packages', 'g:a:1,g:b:2', '--py-files', 'a.py,s3a://b/c.zip', '--jars', 'x.jar'],
    ...['--conf', 'spark.log.level=INFO', '--conf', 'spark.ui.showConsoleProgress=false'],
    ...['--conf', 'spark.executor.cores=4', '--conf', 'spark.kubernetes.driver.secretKeyRef.A=n:k'],
    ...['train.py', '--name', 'a b'],
  ])
})

test('a file of properties keeps to the rules of Java’s, and hides what it adds', async () => {
  const text = await propertiesText(undefined, { 'spark.yarn.appMasterEnv.A_B': ' a\\b\nc' }, {})
  expect(text.trim().split('\n')).toEqual([
    'spark.yarn.appMasterEnv.A_B=\\ a\\\\b\\nc',
    'spark.redaction.regex=(?i)secret|password|token|access[.]?key|spark\\\\.yarn\\\\.appMasterEnv\\\\.A_B',
  ])
})
