import type { Place, Problem } from '@headgate/core'
import { messageOf, UserError } from '@headgate/core'
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'

/** Path of keys into a settings file, joined by a character that no key may hold. */
export type Path = readonly string[]

/** A settings file as plain values, and where each of them stands. */
export interface SettingsFile {
  readonly file: string
  readonly value: unknown
  place(path: Path): Place
}

/**
 * Reads YAML 1.2 and keeps the line of every key.
 * @throws UserError with every syntax error and duplicate key, each at its line.
 */
export function readSettingsFile(text: string, file: string): SettingsFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false })
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  const problems: Problem[] = document.errors.map(({ code, message, pos: [start] }) => {
    const key = code === 'DUPLICATE_KEY' ? /^[^\s:]+/.exec(text.slice(start))?.[0] : undefined
    const told =
      key === undefined
        ? { what: `is not valid YAML: ${message}.` }
        : { what: `the key \`${key}\` stands twice.`, fix: 'Keep one of them.' }
    return { ...told, where: placeAt(start) }
  })
  if (problems.length > 0) throw new UserError(problems)
  const places = new Map<string, Place>()
  gatherPlaces(document.contents, [], placeAt, places)
  return {
    file,
    value: resolved(document, file),
    place: (path) => nearestPlace(places, path) ?? { file },
  }
}

/** Aliases are resolved only here: one may name nothing, and a few may stand for more than any settings need. */
function resolved(document: ReturnType<typeof parseDocument>, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown
  } catch (error) {
    throw new UserError({ what: `has aliases that cannot be followed: ${messageOf(error)}.`, where: { file } })
  }
}

function nearestPlace(places: ReadonlyMap<string, Place>, path: Path): Place | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const place = places.get(path.slice(0, length).join('\0'))
    if (place) return place
  }
  return undefined
}

function gatherPlaces(node: unknown, path: Path, placeAt: (offset: number) => Place, places: Map<string, Place>): void {
  if (isMap(node)) {
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key)
      const at = [...path, key]
      places.set(at.join('\0'), placeAt((pair.key as Node).range?.[0] ?? 0))
      gatherPlaces(pair.value, at, placeAt, places)
    }
  } else if (isSeq(node)) {
    node.items.forEach((item, index) => {
      const at = [...path, String(index)]
      places.set(at.join('\0'), placeAt((item as Node).range?.[0] ?? 0))
      gatherPlaces(item, at, placeAt, places)
    })
  } else if (isAlias(node)) {
    // An alias stands where it is used; what it stands for was placed at its anchor.
  }
}
