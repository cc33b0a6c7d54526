import type { Digest, File } from '@headgate/core'

/** What is kept together: the content of one model, whatever version it gets. */
export interface Place {
  readonly name: string
  /** Digest of the model's tree. */
  readonly digest: Digest
}

/** A file to keep, and where it lies now (an absolute path). */
export interface Source extends File {
  readonly source: string
}

/**
 * Keeps bytes by their digest, beside the registry that says which belong to a version. Writing what is there writes
 * nothing, so that a run which was cut off is completed by the next.
 */
export interface Store {
  readonly kind: string
  /** With the kind, all that is needed to open it again. */
  readonly location: string
  /** Whether writing makes something in the repository, which a pull request must not do. */
  readonly writesRepository?: boolean
  /** @throws OutsideError when the store cannot be written. */
  put(place: Place, files: readonly Source[]): Promise<void>
  /**
   * Brings files into a folder, under their paths, each verified by its digest before it gets its name.
   * @throws OutsideError when the store cannot be read, lacks a file, or holds other content.
   */
  fetch(place: Place, files: readonly File[], into: string): Promise<void>
}
