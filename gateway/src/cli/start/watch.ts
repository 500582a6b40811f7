import { createHash } from 'node:crypto'
import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { dirname } from 'node:path'

/** An editor writes a file in several steps; what comes within this is one change. */
const settleMs = 200
/** Where the system tells of no change (some network file systems), it is looked for. */
const lookMs = 30_000

/** Calls back when what stands in the files has changed. Their folders are watched: editors and Kubernetes put another file in the place. */
export function watchFiles(files: () => readonly string[], changed: () => void): () => void {
  let known = printOf(files())
  let watchers: readonly FSWatcher[] = []
  let waiting: ReturnType<typeof setTimeout> | undefined
  const timer = setInterval(look, lookMs)
  timer.unref?.()

  function soon(): void {
    clearTimeout(waiting)
    waiting = setTimeout(look, settleMs)
    waiting.unref?.()
  }

  function look(): void {
    const print = printOf(files())
    if (print === known) return
    known = print
    changed()
    // it may include other files now
    known = printOf(files())
    follow()
  }

  function follow(): void {
    for (const one of watchers) one.close()
    watchers = [...new Set(files().map(dirname))].flatMap((folder) => {
      try {
        return [watch(folder, soon).on('error', () => {})]
      } catch {
        return []
      }
    })
  }

  follow()
  return () => {
    clearInterval(timer)
    clearTimeout(waiting)
    for (const one of watchers) one.close()
  }
}

function printOf(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) {
    try {
      hash.update(readFileSync(file)).update('\n')
    } catch {
      hash.update('gone\n')
    }
  }
  return hash.digest('hex')
}
