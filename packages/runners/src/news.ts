/** Says of each sentence whether it is the first of its kind: for what holds for a whole run and not for a stage. */
export function newsFilter(): (sentence: string) => boolean {
  const told = new Set<string>()
  return (sentence) => !told.has(sentence) && told.add(sentence) !== undefined
}
