/** The container that trains: its exit code is the training’s. */
export const trainer = 'train'
/** The container that stays, so that what the training left can be collected. */
export const keeper = 'keep'
/** Unpacks code and parameters before. */
export const preparer = 'prepare'

/** Where all of a training lies in its containers. */
export const root = '/headgate'
/** Where the Secrets with the packed files lie. */
export const packed = '/headgate-packed'
export const output = `${root}/output`
export const workTree = `${root}/work`

/** The keeper’s exit code when nobody has collected in time. */
export const uncollectedCode = 75
/** The trainer’s exit code when its time is up, as `timeout` has it. */
export const timeoutCode = 124
