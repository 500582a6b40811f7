import { appendFileSync } from 'node:fs'
import { openJournal } from '../open-journal.ts'

/** A process that closes rows until it is killed: home, name, `store` or `down`, rows per millisecond. */
const [home = '', name = '', store = 'down', pace = '5'] = process.argv.slice(2)

const { journal } = await openJournal<{ id: string; closedAt: number }>({
  home,
  now: Date.now,
  rotateBytes: 256 * 1024,
  onError: () => undefined,
  write: (rows) => {
    if (store === 'down') return Promise.reject(new Error('no store'))
    appendFileSync(`${home}/store-${name}`, rows.map(({ id }) => `${id}\n`).join(''))
    return Promise.resolve()
  },
})

journal.open(`${name}-endless`, { key: 'k', name })
let count = 0
let told = 0
setInterval(() => {
  for (let more = Number(pace); more > 0; more--) {
    const id = `${name}-${count++}`
    journal.open(id, { key: 'k' })
    journal.close({ id, closedAt: Date.now() })
  }
  if (Date.now() - told < 100) return
  told = Date.now()
  console.log(JSON.stringify({ count, at: told, waiting: journal.waiting() }))
}, 1)
