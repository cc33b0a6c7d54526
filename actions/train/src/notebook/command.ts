import { isPython } from '../environment/interpreter.ts'

/** A notebook as `run` names it. */
export interface NotebookCommand {
  /** The Python that runs papermill, with what starts it. */
  readonly launcher: readonly string[]
  /** Relative to the work tree. */
  readonly path: string
}

const ownPython = process.platform === 'win32' ? 'python' : 'python3'

/** `train.ipynb`, or a Python and a notebook; `undefined` for any other command. */
export function notebookCommand(words: readonly string[]): NotebookCommand | undefined {
  const path = words.at(-1) ?? ''
  if (!path.endsWith('.ipynb')) return undefined
  const launcher = words.length === 1 ? [ownPython] : words.slice(0, -1)
  return isPython(launcher.at(-1) ?? '') ? { launcher, path } : undefined
}
