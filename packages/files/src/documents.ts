import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Document, DocumentKind } from '@headgate/core'
import { documentFile, parseDocument, strictJson, UserError } from '@headgate/core'
import { writeAtomically } from './write.ts'

/**
 * The document of this kind in a work folder, or `undefined` when there is none.
 * @throws UserError when what is there is no document of this kind.
 */
export async function readDocument<K extends DocumentKind>(kind: K, folder: string): Promise<Document<K> | undefined> {
  const path = join(folder, documentFile(kind))
  const text = await readText(path)
  return text === undefined ? undefined : parseDocument(kind, text, path)
}

/** Writes a document atomically, and returns its path. */
export async function writeDocument<K extends DocumentKind>(
  kind: K,
  folder: string,
  document: Document<K>,
): Promise<string> {
  const path = join(folder, documentFile(kind))
  await writeAtomically(path, strictJson(document))
  return path
}

/**
 * The text of a file, or `undefined` when there is none.
 * @throws UserError when there is something that cannot be read.
 */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    const fix = 'Make it a file that may be read, or remove it.'
    throw new UserError({ what: `cannot be read (${message}).`, where: { file: path }, fix }, { cause: error })
  }
}
