import { argv, stderr, stdout } from 'node:process'
import { release } from '@headgate/core/release'

const [name = '--help', ...words] = argv.slice(2)

// Answered before anything else is loaded.
if (name === '--version' || name === 'version') {
  stdout.write(`${release}\n`)
} else {
  const { runCommand } = await import('./command.ts')
  process.exitCode = await runCommand(name, words, { stdout, stderr })
}
