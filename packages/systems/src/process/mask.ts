const replacement = '***'
const shortestEncoded = 6

/**
 * A function that hides secrets in a line: as they are, and in the forms in which programs print them by accident
 * (JSON, URL encoding, base64 at each of its three alignments). The encoded forms of secrets under 6 bytes are left
 * alone, since they would match by chance.
 */
export function masker(secrets: Iterable<string>): (line: string) => string {
  const forms = new Set<string>()
  for (const secret of secrets) {
    // Output comes line by line, so the lines of a longer secret (a key file) are hidden each.
    const lines = secret.split(/\r?\n/).filter((line) => line.length >= shortestEncoded)
    for (const part of [secret, ...lines]) for (const form of formsOf(part)) forms.add(form)
  }
  const longestFirst = [...forms].sort((a, b) => b.length - a.length)
  return (line) => longestFirst.reduce((text, form) => text.replaceAll(form, replacement), line)
}

function formsOf(secret: string): string[] {
  if (secret === '') return []
  const bytes = Buffer.from(secret)
  if (bytes.length < shortestEncoded) return [secret]
  const url = encodeURIComponent(secret)
  const lowerCase = url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())
  const base64 = [0, 1, 2].flatMap((offset) => base64Forms(bytes, offset))
  return [secret, JSON.stringify(secret).slice(1, -1), url, url.replaceAll('%20', '+'), lowerCase, ...base64]
}

/** What stays the same of the base64 of any text in which the secret stands at this offset modulo 3. */
function base64Forms(bytes: Buffer, offset: number): string[] {
  const padded = Buffer.concat([Buffer.alloc(offset), bytes])
  const first = Math.ceil((offset * 8) / 6)
  const last = Math.floor((padded.length * 8) / 6)
  const whole = padded.toString('base64')
  const inner = whole.slice(first, last)
  const forms = offset === 0 ? [whole, inner] : [inner]
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')])
}
