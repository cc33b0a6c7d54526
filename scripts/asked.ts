/** What a command line asks for: names, then flags for whatever does the work. */
export interface Asked {
  /** All that there is, where none was named. */
  readonly names: readonly string[]
  readonly flags: readonly string[]
}

/** Reads the command line. Ends with 2 at a name that is not there. @param place where the names are folders. */
export function readAsked(known: readonly string[], place: string): Asked {
  const words = process.argv.slice(2)
  const flagsFrom = words.findIndex((word) => word.startsWith('-'))
  const names = flagsFrom < 0 ? words : words.slice(0, flagsFrom)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    console.error(`There is no ${unknown.join(', ')} in ${place}. There is: ${known.join(', ')}.`)
    process.exit(2)
  }
  return { names: names.length > 0 ? names : known, flags: flagsFrom < 0 ? [] : words.slice(flagsFrom) }
}
