import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Does what a training at least does: reads the data, leaves a model, predictions and metrics. */
const trainer = `import json, os
params = json.load(open(os.environ['HEADGATE_PARAMS']))
rows = open(os.environ['HEADGATE_DATA']).read().splitlines()[1:]
output = os.environ['HEADGATE_OUTPUT']
os.makedirs(output + '/model', exist_ok=True)
json.dump({'rows': len(rows), 'seed': params['seed']}, open(output + '/model/model.json', 'w'))
open(output + '/predictions.csv', 'w').write('id,score\\n1,0.5\\n')
json.dump({'auc': 0.7}, open(output + '/metrics.json', 'w'))
`

export interface Trainer {
  readonly python: string
  /** The lines of `train:` that choose the executor. */
  readonly executor: string
}

/** A committed project whose training takes no time to speak of; always the same. */
export function writeProject(folder: string, { python, executor }: Trainer): void {
  mkdirSync(join(folder, 'data'), { recursive: true })
  writeFileSync(join(folder, 'train.py'), trainer)
  writeFileSync(
    join(folder, 'data/train.csv'),
    `id,x\n${Array.from({ length: 100 }, (_, id) => `${id},1`).join('\n')}\n`,
  )
  writeFileSync(join(folder, '.gitignore'), '.headgate/\n')
  const train = `    train:\n      data: data/train.csv\n      run: [${python}, train.py]\n${executor}`
  writeFileSync(join(folder, 'headgate.yml'), `models:\n  bench:\n    test-data: data/train.csv\n${train}`)
  const git = (...words: string[]) => execFileSync('git', words, { cwd: folder, stdio: 'ignore' })
  git('init', '-q')
  git('add', '.')
  git('-c', 'user.name=Ada', '-c', 'user.email=ada@localhost', 'commit', '-q', '-m', 'begin')
}
