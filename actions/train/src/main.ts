import { start } from '@headgate/runners'
import { finish } from './finish.ts'
import { run } from './run.ts'
import { stage } from './stage.ts'
import { wire } from './wire.ts'

process.exitCode = await start(stage, run, wire, finish)
