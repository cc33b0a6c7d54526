import { detectRunner, endOnBugs } from '@headgate/runners'
import { runPipeline } from './pipeline.ts'

const runner = await detectRunner()
endOnBugs(runner)
process.exitCode = (await runPipeline(runner)).exitCode
