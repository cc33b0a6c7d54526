import type { Executor, ExecutorName } from './port.ts'

/**
 * Stands for an executor that is not needed: a pull request that does not train may have neither its address nor its
 * credentials.
 */
export function idleExecutor(name: ExecutorName): Executor {
  const refuse = (): Promise<never> => Promise.reject(new Error(`executor ${name} is used, and was not opened`))
  return {
    name,
    isLasting: false,
    reads: 'files',
    submit: refuse,
    identify: refuse,
    status: refuse,
    follow: refuse,
    cancel: refuse,
    collect: refuse,
    release: refuse,
    list: refuse,
  }
}
