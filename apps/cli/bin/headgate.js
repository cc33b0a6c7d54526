#!/usr/bin/env node
// Plain JavaScript that any Node can read, so that an old one is told what is missing instead of a syntax error.
import { existsSync } from 'node:fs'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 12)) {
  console.error(`Headgate needs Node 22.12 or newer; this is ${process.version}. Install Node 24.`)
  process.exit(2)
}
const built = new URL('../dist/index.js', import.meta.url)
if (!existsSync(built)) {
  console.error('Headgate is not built here. Run `npm run build` in its repository.')
  process.exit(2)
}
await import(built.href)
