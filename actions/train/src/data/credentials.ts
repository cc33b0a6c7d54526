/** Whether a parameter of a URL is a credential by its name. */
export function isCredential(name: string): boolean {
  return /^x-(amz|goog)-|sig|token|key|secret|password|credential|auth/i.test(name)
}

/** What addresses hold of passwords and signatures, to be hidden in all that is printed: also as it is escaped. */
export function secretsIn(entries: readonly string[]): string[] {
  return entries.flatMap((entry) => {
    const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(entry) ? URL.parse(entry) : null
    if (url === null) return []
    const { username, password, search, searchParams } = url
    const values = [...searchParams].flatMap(([name, value]) => (isCredential(name) ? value : []))
    const own = password || username
    return [own, decoded(own), ...(values.length > 0 ? [search.slice(1), ...values] : [])]
  })
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
