// The command as npm links it.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeRepository, readDocument } from '../loop/repository.ts'

const root = join(import.meta.dirname, '../..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

function headgate(words: readonly string[], cwd = root) {
  const command = join(root, 'node_modules/.bin/headgate')
  const { status, stdout, stderr } = spawnSync(command, words, {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  })
  return { status, stdout, stderr }
}

test('the command says its version, and what is wrong', () => {
  expect(headgate(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
  expect(headgate(['trian'])).toEqual({
    status: 2,
    stdout: '',
    stderr: 'there is no command "trian". Did you mean "train"?\n',
  })
})

test('stdout carries the document alone', () => {
  const repository = makeRepository()
  const { status, stdout } = headgate(['validate-data', '--format', 'json'], repository.folder)
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toEqual(readDocument(repository, 'validation.json'))
})
