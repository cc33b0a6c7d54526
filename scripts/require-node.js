// npm puts the repository's own Node first on the PATH; where that optional package is missing, the installed one must do.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Headgate's scripts need Node 22.18 or newer; this is ${process.version}.\n` +
      'Run `npm ci` without --omit=optional (it brings Node 24 for Linux x64), or install Node 24.',
  )
  process.exit(2)
}
