import { detectRunner, endOnBugs, markBegun } from '@headgate/runners'
import { finishPipeline, runPipeline } from './pipeline.ts'

const runner = await detectRunner()
endOnBugs(runner)
if (runner.kept === undefined) {
  markBegun(runner)
  process.exitCode = (await runPipeline(runner)).exitCode
} else {
  process.exitCode = await finishPipeline(runner)
}
