import { join } from 'node:path'
import { freePort } from '@headgate/systems'
import { expect, onTestFinished, test } from 'vitest'
import { stopServices } from '../../scripts/demo/services.ts'
import { readDocument, settings } from '../loop/repository.ts'
import { openSite } from './runner.ts'

const serve = `import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
const [, , model, port] = process.argv
const weights = readFileSync(model + '/weights.json')
createServer((_request, response) => response.end(weights)).listen(Number(port), '127.0.0.1')
`

test('deploy serves the registered version behind its front, from the bundle', async () => {
  const port = await freePort()
  const block = `    deploy: { serve: [node, serve.mjs, '{model}', '{port}'], port: ${port}, state-folder: ../state, production: true }\n`
  const site = await openSite({ 'headgate.yml': settings + block, 'serve.mjs': serve })
  onTestFinished(() => stopServices(join(site.folder, '../state')))
  await site.prepare('validate-data', 'train', 'evaluate-gate', 'register-model')
  const { code, outputs, summary, writes } = await site.act('deploy', 'push')
  const document = readDocument(site, 'deployment.json')

  expect(code).toBe(0)
  expect(outputs).toEqual({
    ...site.common('deployment.json', 0),
    version: '0.1.0',
    endpoint: `http://127.0.0.1:${port}`,
    'rolled-back': 'false',
  })
  expect(await (await fetch(`http://127.0.0.1:${port}/predict`)).json()).toEqual({ odd: 1 })
  expect(summary).toMatch(/^### tiny: passed/)
  expect(writes).toEqual(['POST /repos/acme/tiny/check-runs'])
  expect(document).toMatchObject({
    schema: 'headgate/deployment@1',
    verdict: 'pass',
    target: 'process',
    environment: 'production',
    previousVersion: null,
    rolledBack: false,
  })
  expect(site.git('ls-remote', '--refs', 'origin', 'refs/tags/tiny#champion#*')).toMatch(
    /refs\/tags\/tiny#champion#\d$/,
  )
})
