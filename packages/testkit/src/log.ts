type Tell = (message: string) => void

/** A log, of any level, that tells its lines, and what is quoted, to `tell`; the titles of groups are left out. */
export function lineLog(tell: Tell) {
  return {
    debug: tell,
    info: tell,
    notice: tell,
    warning: tell,
    error: tell,
    group: <T>(_title: string, work: () => Promise<T>): Promise<T> => work(),
    quote: <T>(_title: string, work: (show: Tell) => Promise<T>): Promise<T> => work(tell),
  }
}
