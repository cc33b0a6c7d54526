// A model under another name in registry and ledger than in headgate.yml: every stage and command finds it there.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { headgate, makeRepository, readDocument, settings } from './repository.ts'

const named = settings
  .replace('  tiny:\n', '  tiny:\n    name: shop/tiny\n')
  .replace('bootstrap: true', 'bootstrap: true\n      baseline: champion')
  .replace('bump: minor', 'bump: minor\n      alias: champion')
  .concat('    drift-check: { reference: train.csv, current: test.csv, columns: [label], retrain: decide }\n')

test('one name, said at the model’s level, is what the gate, the registry, the ledger and the commands use', async () => {
  const repository = makeRepository({ 'headgate.yml': named })
  const run = async (...words: string[]) => {
    const ended = await headgate(repository, words)
    expect(ended.code, `${words.join(' ')}: ${ended.stderr}`).toBe(0)
    return ended.stdout
  }
  const stages = ['validate-data', 'train', 'evaluate-gate', 'register-model'] as const
  for (const stage of stages) await run(stage)
  expect(readDocument(repository, 'model.json')).toMatchObject({ name: 'shop/tiny', model: 'tiny', version: '0.1.0' })

  const training = readFileSync(join(repository.folder, 'train.mjs'), 'utf8')
  repository.write({ 'train.mjs': training.replace('{"odd":1}', '{"odd":2}') })
  repository.commit('Train better')
  for (const stage of stages.slice(0, 3)) await run(stage)
  expect(readDocument(repository, 'evaluation.json')).toMatchObject({
    bootstrap: false,
    baseline: { kind: 'champion', version: '0.1.0' },
  })

  await run('drift-check')
  const kinds = (JSON.parse(await run('ledger', '--format', 'json')) as { kind: string }[]).map(({ kind }) => kind)
  expect(kinds).toEqual(['training', 'registration', 'promotion', 'window', 'decision'])
  expect(await run('resolve')).toMatch(/^shop\/tiny@v0\.1\.0 /)
  expect(repository.git('ls-remote', 'origin')).not.toMatch(/refs\/tags\/tiny/)
})

test('a name in one stage’s block, which the others would not see, ends with 2 and names both lines', async () => {
  const text = settings.replace('bump: minor', 'bump: minor\n      name: shop/tiny')
  const repository = makeRepository({ 'headgate.yml': text })
  const { code, stderr } = await headgate(repository, ['evaluate-gate'])
  expect(code, stderr).toBe(2)
  const line = text.split('\n').findIndex((one) => one.includes('name:')) + 1
  expect(stderr).toContain(
    `headgate.yml:${line}:7: \`name\` in the block \`register-model\` is not seen by other stages. Move it to the model’s level, below headgate.yml:2:3.`,
  )
})
