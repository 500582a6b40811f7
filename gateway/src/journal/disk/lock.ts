import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Ownership of a folder; the operating system ends it with the process. */
export interface Lock {
  release(): void
}

/** A connection that nobody refers to is collected, and its lock with it. */
const held = new Set<DatabaseSync>()

/** Takes the lock of a folder; undefined when somebody living has it, or the folder is gone. */
export function takeLock(folder: string): Lock | undefined {
  const path = join(folder, 'lock.sqlite')
  let database: DatabaseSync | undefined
  try {
    database = openLock(path)
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database?.close()
    if (isBusy(error) || isGone(error)) return undefined
    throw error
  }
  const mine = database
  held.add(mine)
  return {
    release() {
      if (held.delete(mine)) mine.close()
    },
  }
}

function openLock(path: string): DatabaseSync {
  // made before SQLite opens it, for the mode; but one that is there is left alone, since closing a file ends this process's locks on it:
  // https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
  if (!existsSync(path)) closeSync(openSync(path, 'ax', 0o600))
  const database = new DatabaseSync(path)
  database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY')
  return database
}

/** SQLITE_BUSY is 5: https://sqlite.org/rescode.html#busy */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
