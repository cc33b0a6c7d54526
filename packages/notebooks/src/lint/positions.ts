import { stringEnd } from '../json.ts'

/** Where cells and their lines stand in the file of a notebook. */
export interface Positions {
  /** The line of the file (from 1) of a cell, or of a line in it (both from 1). */
  lineOf(cell: number | null, line: number | null): number
}

interface Level {
  readonly isList: boolean
  /** The key that is read, or the index. */
  at: string | number
}

/** Reads the positions from JSON that is known to be valid. */
export function readPositions(content: string): Positions {
  const lines = new Map<string, number>()
  const levels: Level[] = []
  let line = 1
  const note = (): void => {
    const path = levels.map(({ at }) => at).join('.')
    if (/^cells\.\d+(?:\.source(?:\.\d+)?)?$/.test(path)) lines.set(path, line)
  }
  for (let at = 0; at < content.length; at += 1) {
    const character = content.charAt(at)
    const level = levels.at(-1)
    if (character === '\n') line += 1
    else if (character === '{' || character === '[') {
      note()
      levels.push({ isList: character === '[', at: character === '[' ? 0 : '' })
    } else if (character === '}' || character === ']') levels.pop()
    else if (character === ',' && level) level.at = level.isList ? Number(level.at) + 1 : ''
    else if (character === '"') {
      const end = stringEnd(content, at)
      if (level && !level.isList && level.at === '') level.at = content.slice(at + 1, end)
      else note()
      at = end
    }
  }
  return { lineOf: (cell, inCell) => lookUp(lines, cell, inCell) }
}

/** A source is a list of lines, or one text. */
function lookUp(lines: ReadonlyMap<string, number>, cell: number | null, line: number | null): number {
  if (cell === null) return 1
  const source = `cells.${cell - 1}.source`
  const own = line === null ? undefined : lines.get(`${source}.${line - 1}`)
  return own ?? lines.get(source) ?? lines.get(`cells.${cell - 1}`) ?? 1
}
