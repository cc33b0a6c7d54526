import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What Spark hides on its pages and in its event log unless told otherwise (`spark.redaction.regex`, Spark 4). */
const redacted = '(?i)secret|password|token|access[.]?key'
export const redaction = 'spark.redaction.regex'

/**
 * A file of properties with secrets in it, and with the defaults of the installation: where such a file is given,
 * spark-submit leaves those out. Spark’s pages show the secrets’ names without their values, as long as no argument
 * says `spark.redaction.regex` again.
 */
export async function propertiesText(
  configuration: string | undefined,
  secrets: Readonly<Record<string, string>>,
  conf: Readonly<Record<string, string>>,
): Promise<string> {
  const defaults = configuration
    ? await readFile(join(configuration, 'spark-defaults.conf'), 'utf8').catch(() => '')
    : ''
  const names = Object.keys(secrets).map((name) => name.replace(/[.\\+*?^$()[\]{}|]/g, '\\$&'))
  const [, byDefault] = /^\s*spark\.redaction\.regex[\s=:]+(.*)$/m.exec(defaults) ?? []
  const hidden = { [redaction]: [conf[redaction] ?? byDefault ?? redacted, ...names].join('|') }
  const lines = Object.entries({ ...secrets, ...hidden }).map(([name, value]) => `${name}=${escaped(value)}`)
  return `${[defaults.trimEnd(), ...lines].join('\n')}\n`
}

/** By the rules of java.util.Properties. */
function escaped(value: string): string {
  return value
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replace(/^[ \t\f]/, '\\$&')
}
