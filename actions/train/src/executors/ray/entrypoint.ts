/** Words as `/bin/sh` reads them back, whatever shell that is: none of them is expanded. */
export function entrypointOf(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
}
