import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { argv, env, stderr, stdout } from 'node:process'
import { release } from '@headgate/core/release'

const [name = '--help', ...words] = argv.slice(2)

// Whoever reads may leave before the end, as `head` does. The verdict is the exit code.
for (const stream of [stdout, stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })

// Answered before anything else is loaded.
if (name === '--version' || name === 'version') {
  stdout.write(`${release}\n`)
} else {
  // Half of a short command is compiling. Kept in the user's own folder, not in Node's default, the shared temporary one.
  const cache = env.XDG_CACHE_HOME ?? (env.HOME && join(env.HOME, '.cache'))
  if (cache) enableCompileCache(join(cache, 'headgate', 'compiled'))
  const { runCommand } = await import('./command.ts')
  process.exitCode = await runCommand(name, words, { stdout, stderr })
}
