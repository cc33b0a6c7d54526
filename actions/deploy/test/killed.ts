// Deploys, and kills itself without warning when a step is in a state: node killed.ts ROOT PORT STEP STATUS
import { run } from '../src/run.ts'
import { portsOf, settingsOf } from './project.ts'

const [root = '', port = '', step = '', status = ''] = process.argv.slice(2)
const project = { root, port: Number(port) }
const settings = settingsOf(project)
await run(
  settings,
  portsOf(project, settings, {
    record: async ({ steps }) => {
      if (steps.some((one) => one.name === step && one.status === status)) process.kill(process.pid, 'SIGKILL')
    },
  }),
)
