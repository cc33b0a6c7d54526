/** A version as it is to be served: its files lie in `folder`, verified. */
export interface Release {
  readonly version: string
  readonly digest: string
  readonly folder: string
}

/** A version that was started. */
export interface Instance {
  /** Names this start of this version: what is written of it elsewhere is written once. */
  readonly id: string
  readonly version: string
  readonly digest: string
  /** What served before it; `null` for the first. */
  readonly previousVersion: string | null
  /** Where it is found before it gets traffic, for people. */
  readonly url: string
}

/** Where versions are served. One deployment at a time holds it, from `open` to `close`. */
export interface Target {
  readonly name: string
  /** Whether what it serves ends with this machine. */
  readonly isOnThisMachine: boolean
  /** Where users reach whatever is served. */
  readonly endpoint: string
  /** A folder for a version's files, which stays as long as the version may be served or gone back to. */
  releaseFolder(version: string, digest: string): string
  /**
   * Waits for its turn, and mends what a deployment that was killed left behind.
   * @returns what had to be mended, in sentences.
   * @throws Refusal when another deployment holds it for too long.
   */
  open(): Promise<readonly string[]>
  close(): Promise<void>
  /** What gets the traffic; `undefined` when nothing does. */
  serving(): Promise<Instance | undefined>
  isAlive(instance: Instance): Promise<boolean>
  /** @throws UserError when something else stands in the way of traffic, such as a port that is taken. */
  check(): Promise<void>
  /** Starts a version beside what serves now, without traffic. */
  start(release: Release): Promise<Instance>
  /** Moves the traffic to an instance at once (one that has it already keeps it); requests in flight stay with the old one. Returns what was seen. */
  switchTo(instance: Instance): Promise<string>
  /** Moves the traffic back to what served before the switch, or to nothing. */
  switchBack(): Promise<string>
  /** Waits until the instance that served before the switch has answered everything, up to a time. */
  drain(timeoutMs: number): Promise<string>
  /** Ends the instance that served before the switch, and forgets it. */
  stopOld(): Promise<string>
  /** Ends an instance that gets no traffic. */
  stop(instance: Instance): Promise<void>
  /**
   * Gives an instance this share of the traffic, in percent above 0 and below 100, and leaves the rest to what serves.
   * `switchTo` and `switchBack` end it. Absent where traffic cannot be split: a canary is an error there.
   */
  readonly split?: (instance: Instance, percent: number) => Promise<string>
  /**
   * Sends a request to an instance, whether it gets traffic or not, or to whatever gets the traffic, as users do.
   * @throws what `fetch` throws where no answer comes.
   */
  send(to: Instance | 'traffic', path: string, init?: RequestInit): Promise<Response>
  /** The last lines that an instance printed. */
  log(instance: Instance): Promise<readonly string[]>
}
