/** Keeps secrets in the store so that only this gateway can read them: AES-256-GCM, with the id of the key that was used. */
export interface Sealing {
  seal(secret: string): string
  /** Throws `misconfigured`, naming the key's id, when it was sealed with a key that is not known or is not what was sealed. */
  open(sealed: string): string
  isSealed(text: string): boolean
}
