#!/usr/bin/env node
// Plain JavaScript that any Node can read, so that an old one is told what is missing instead of a syntax error.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 12)) {
  console.error(
    `Headgate needs Node 22.12 or newer; this is ${process.version}. Install Node 24, or use the container image.`,
  )
  process.exit(2)
}
await import('../dist/index.js')
