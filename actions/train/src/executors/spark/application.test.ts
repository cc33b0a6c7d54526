import { expect, test } from 'vitest'
import { applicationOf } from './application.ts'

const nothing = { args: [], python: undefined, class: undefined }

test.each([
  ['python train.py a b', { ...nothing, kind: 'python', file: 'train.py', args: ['a', 'b'] }],
  ['python3 -u jobs/train.py', { ...nothing, kind: 'python', file: 'jobs/train.py' }],
  ['.venv/bin/python3.12 train.py', { ...nothing, kind: 'python', file: 'train.py', python: '.venv/bin/python3.12' }],
  ['./train.py --seed 7', { ...nothing, kind: 'python', file: './train.py', args: ['--seed', '7'] }],
  ['spark-submit train.py a', { ...nothing, kind: 'python', file: 'train.py', args: ['a'] }],
  ['app.jar 7', { ...nothing, kind: 'jar', file: 'app.jar', args: ['7'], class: 'org.example.Main' }],
  ['java -jar app.jar 7', { ...nothing, kind: 'jar', file: 'app.jar', args: ['7'], class: 'org.example.Main' }],
  [
    'java -cp app.jar org.example.Train 7',
    { ...nothing, kind: 'jar', file: 'app.jar', args: ['7'], class: 'org.example.Train' },
  ],
])('`%s` is given to spark-submit', (command, application) => {
  expect(applicationOf(command.split(' '), { class: 'org.example.Main' })).toEqual(application)
})

test.each([
  ['python -m train', /runs a module[\s\S]*Make a script of it/],
  ['python -O train.py', /gives Python the option -O/],
  ['python', /names no script/],
  ['spark-submit --master yarn train.py', /gives spark-submit options[\s\S]*under `spark:`/],
  ['java -Xmx1g -jar app.jar', /is no `java -jar app\.jar/],
  ['make train', /neither a Python script nor a jar/],
  ['/bin/sh -c train.py|tee', /is read by a shell[\s\S]*Leave out `shell`/],
])('`%s` is refused with the way out', (command, message) => {
  expect(() => applicationOf(command.split(' '), { class: undefined })).toThrow(message)
})
