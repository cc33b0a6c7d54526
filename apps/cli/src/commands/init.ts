import { readdir } from 'node:fs/promises'
import { relative, resolve, sep } from 'node:path'
import { problemText, UserError } from '@headgate/core'
import { isInside, readText, writeAtomically } from '@headgate/files'
import type { Command } from '../command.ts'
import { modelFlags } from '../model.ts'
import { readRecipe, type Text } from '../recipe/recipe.ts'
import { runRecipe, runRecipeFile } from '../recipe/run-recipe.ts'
import { draftSettings } from '../recipe/settings.ts'

export const command: Command = {
  promise: 'Writes a headgate.yml from what is there.',
  flags: [
    ...modelFlags.filter(({ name }) => name === 'config'),
    { name: 'model', type: 'string', description: 'What the model is called. Default: as the recipe says.' },
    { name: 'from-recipe', type: 'string', description: 'An MLflow recipe to begin from, such as recipe.yaml.' },
    { name: 'profile', type: 'string', description: 'The recipe’s profile. Default: the only one there.' },
    { name: 'force', type: 'boolean', description: 'Replaces files that are there.' },
  ],
  run: async ({ values, stdout, stderr }) => {
    const from = values.get('from-recipe')
    if (from === undefined)
      throw new UserError({
        what: 'begin from what?',
        fix: 'Say `--from-recipe recipe.yaml`; this release has no other.',
      })
    const { files, notes } = await fromRecipe(from, values)
    for (const note of notes) stderr.write(`${problemText(note)}\n`)
    await writeNew(files, values.get('force') === 'true')
    stdout.write(`Wrote ${files.map(({ file }) => file).join(' and ')}.\n`)
    return 0
  },
}

async function fromRecipe(from: string, values: ReadonlyMap<string, string>) {
  const root = process.cwd()
  const absolute = resolve(root, from)
  const path = relative(root, absolute).split(sep).join('/')
  if (!isInside(root, absolute))
    throw new UserError({
      what: 'lies outside of this folder.',
      where: { file: from },
      fix: 'Begin where headgate.yml will be.',
    })
  const recipe = await textOf(path)
  const folder = resolve(absolute, '..')
  const profile = await profileOf(folder, values.get('profile'))
  const read = readRecipe(recipe, await textOf(relative(root, resolve(folder, `profiles/${profile}.yaml`))))
  const { text, notes } = draftSettings(read, { path, profile, model: values.get('model') })
  const runner = relative(root, resolve(folder, runRecipeFile))
  const files: Text[] = [
    { file: runner, text: runRecipe },
    { file: values.get('config') ?? 'headgate.yml', text },
  ]
  return { files, notes }
}

async function textOf(file: string): Promise<Text> {
  const text = await readText(resolve(file))
  if (text === undefined) throw new UserError({ what: 'there is no such file.', where: { file } })
  return { file, text }
}

/** MLflow runs a recipe with a profile only. */
async function profileOf(folder: string, asked: string | undefined): Promise<string> {
  const names = await readdir(resolve(folder, 'profiles')).catch(() => [])
  const found = names.filter((name) => name.endsWith('.yaml')).map((name) => name.slice(0, -'.yaml'.length))
  const there = found.length === 0 ? 'There is no profiles/*.yaml beside it.' : `There is: ${found.sort().join(', ')}.`
  if (asked !== undefined && !found.includes(asked))
    throw new UserError({ what: `the recipe has no profile "${asked}".`, fix: there })
  const [only, second] = found
  if (asked === undefined && (only === undefined || second !== undefined))
    throw new UserError({ what: 'which profile of the recipe?', fix: `Say it with --profile. ${there}` })
  return asked ?? only ?? ''
}

/** All of them or none: what is there already and differs is told before anything is written. */
async function writeNew(files: readonly Text[], force: boolean): Promise<void> {
  const there = await Promise.all(
    files.map(async ({ file, text }) => ((await readText(resolve(file))) ?? text) !== text),
  )
  const taken = files.filter((_, index) => there[index])
  if (taken.length > 0 && !force)
    throw new UserError(
      taken.map(({ file }) => ({ what: 'is there already.', where: { file }, fix: 'Say --force to replace it.' })),
    )
  for (const { file, text } of files) await writeAtomically(resolve(file), text)
}
