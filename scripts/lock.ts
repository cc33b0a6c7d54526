// Completes package-lock.json with the optional builds for other platforms. A registry mirror may serve only this
// platform's, and then `npm install` leaves the others out of the lock and `npm ci` refuses it everywhere else.
import { readFileSync, writeFileSync } from 'node:fs'

interface Entry {
  version?: string
  os?: string[]
  cpu?: string[]
  libc?: string[]
  dev?: boolean
  optional?: boolean
  optionalDependencies?: Record<string, string>
}

const systems = /(win32|darwin|linux|android|freebsd|openbsd|netbsd|sunos|aix|openharmony|wasm32)/
const processors = /(x64|arm64|ia32|arm|ppc64|s390x|riscv64|loong64|mips64el)/
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Entry> }

function platformEntry(name: string, version: string, parent: Entry): Entry {
  const system = systems.exec(name)?.[1]
  const processor = processors.exec(name)?.[1]
  return {
    version,
    ...(processor ? { cpu: [processor] } : {}),
    ...(parent.dev ? { dev: true } : {}),
    ...(name.includes('musl') ? { libc: ['musl'] } : {}),
    optional: true,
    ...(system ? { os: [system] } : {}),
  }
}

let added = 0
for (const [at, entry] of Object.entries({ ...lock.packages })) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`
    if (path in lock.packages || `${at}/${path}` in lock.packages || !/^\d/.test(range)) continue
    lock.packages[path] = platformEntry(name, range, entry)
    added += 1
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
console.log(`Completed the lock with ${added} builds for other platforms.`)
