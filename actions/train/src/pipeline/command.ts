import { basename } from 'node:path'

/** Whether a command runs a pipeline of DVC, which pulls and pushes by itself what it needs. */
export function isDvcCommand(argv: readonly string[]): boolean {
  const [command = '', ...words] = argv
  if (basename(command) === 'sh' && words[0] === '-c')
    return /(^|[\s;&|(])dvc\s+(repro|exp\s+run)\b/.test(words[1] ?? '')
  const rest = /^(python|pypy)[\d.]*$/.test(basename(command)) && words[0] === '-m' ? words.slice(1) : argv
  return /^dvc(\.exe)?$/.test(basename(rest[0] ?? '')) && (rest[1] === 'repro' || rest[1] === 'exp')
}
