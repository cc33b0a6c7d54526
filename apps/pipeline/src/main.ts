import { detectRunner } from '@headgate/runners'
import { runPipeline } from './pipeline.ts'

process.exitCode = (await runPipeline(await detectRunner())).exitCode
