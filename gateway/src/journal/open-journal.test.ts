import { afterEach, describe, expect, test } from 'bun:test'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JournalPorts, openJournal } from './open-journal.ts'

interface Row {
  readonly id: string
  readonly closedAt?: number
  readonly text?: string
}

const homes: string[] = []
const children: Bun.Subprocess[] = []

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL')
    await child.exited
  }
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true })
})

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'journal-'))
  homes.push(home)
  return home
}

/** A store that can be down, and what it and the log have heard. */
function newStore() {
  const store = {
    down: false,
    rows: [] as Row[],
    errors: [] as string[],
    running: 0,
    write: async (rows: readonly Row[]) => {
      expect(++store.running).toBe(1)
      await Bun.sleep(0)
      store.running--
      if (store.down) throw new Error('store is down')
      store.rows.push(...rows)
    },
    onError: (error: unknown) => void store.errors.push(String(error)),
    ids: () => store.rows.map(({ id }) => id),
  }
  return store
}

function start(home: string, store: ReturnType<typeof newStore>, more: Partial<JournalPorts<Row>> = {}) {
  return openJournal<Row>({ home, now: Date.now, write: store.write, onError: store.onError, ...more })
}

/** Runs `testing/child.ts` until it has told of so many rows. */
async function spawnChild(home: string, args: readonly string[], atLeast: number) {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'testing/child.ts'), home, ...args], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  children.push(child)
  const told: { count: number; at: number; waiting: number }[] = []
  const lines = (async () => {
    let text = ''
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += part
      const parts = text.split('\n')
      text = parts.pop() ?? ''
      told.push(...parts.map((line) => JSON.parse(line)))
    }
  })()
  await until(() => (told.at(-1)?.count ?? 0) >= atLeast)
  return {
    told,
    kill: async () => {
      child.kill('SIGKILL')
      await child.exited
      await lines
    },
  }
}

async function until(done: () => boolean, ms = 15_000): Promise<void> {
  const end = Date.now() + ms
  while (!done()) {
    if (Date.now() > end) throw new Error('it did not happen in time')
    await Bun.sleep(5)
  }
}

function folders(home: string): string[] {
  return readdirSync(join(home, 'journal')).map((name) => join(home, 'journal', name))
}

function segments(home: string): string[] {
  return folders(home).flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith('.ndjson')))
}

const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `r${from + at}`)

describe('a journal', () => {
  test('brings rows to the store in order, in batches, after they are in its file', async () => {
    const home = newHome()
    const store = newStore()
    const seen: boolean[] = []
    const { journal } = await start(home, store, {
      write: (rows) => {
        const text = folders(home).map((folder) => readFileSync(join(folder, '000001.ndjson'), 'utf8'))
        seen.push(rows.every(({ id }) => text.join('').includes(`{"c":{"id":"${id}"}}\n`)))
        return store.write(rows)
      },
    })
    for (const id of numbered(200)) {
      journal.open(id, { key: 'k' })
      journal.close({ id })
    }
    expect(journal.waiting()).toBe(200)
    await journal.flush()
    expect(store.ids()).toEqual(numbered(200))
    expect(seen).toEqual([true, true, true, true])
    expect(journal.waiting()).toBe(0)
    await journal.shut()
    expect(folders(home)).toEqual([])
    expect(store.errors).toEqual([])
  })

  test('keeps its folders and files to itself', async () => {
    const home = newHome()
    const store = newStore()
    const { journal } = await start(home, store)
    journal.close({ id: 'a' })
    await journal.flush()
    const [folder = ''] = folders(home)
    await until(() => existsSync(join(folder, 'checkpoint.json')))
    expect(readdirSync(folder).sort()).toEqual(['000001.ndjson', 'checkpoint.json', 'lock.sqlite'])
    const modes = [folder, ...readdirSync(folder).map((name) => join(folder, name))].map((path) => statSync(path).mode)
    expect(modes.map((mode) => (mode & 0o777).toString(8))).toEqual(['700', '600', '600', '600'])
    await journal.shut()
  })

  test('waits on disk while the store is down: memory is bounded, order is kept, nothing is lost', async () => {
    const home = newHome()
    const store = newStore()
    store.down = true
    const { journal } = await start(home, store, { memoryRows: 1000, rotateBytes: 256 * 1024 })
    for (let at = 0; at < 50_000; at += 500) {
      for (const id of numbered(500, at)) journal.close({ id, text: 'ä'.repeat(30) })
      await Bun.sleep(1)
    }
    expect(journal.waiting()).toBe(50_000)
    expect(segments(home).length).toBeGreaterThan(10)
    store.down = false
    const later = numbered(100, 50_000)
    for (const id of later) journal.close({ id })
    await journal.flush()
    expect(store.ids()).toEqual(numbered(50_100))
    await until(() => segments(home).length === 1)
    await journal.shut()
    expect(folders(home)).toEqual([])
  }, 30_000)

  test('holds no more rows in memory than it may', async () => {
    const home = newHome()
    const store = newStore()
    store.down = true
    const { journal } = await start(home, store, { memoryRows: 100, memoryBytes: 1e9 })
    const text = 'x'.repeat(10_000)
    Bun.gc(true)
    const before = process.memoryUsage().heapUsed
    for (let at = 0; at < 10_000; at += 100) {
      for (const id of numbered(100, at)) journal.close({ id, text: `${id}${text}` })
      await until(() => journal.waiting() === at + 100)
      await Bun.sleep(6)
    }
    Bun.gc(true)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(40e6)
    store.down = false
    await journal.flush()
    expect(store.ids()).toEqual(numbered(10_000))
    await journal.shut()
  }, 30_000)

  test('deletes files whose rows are stored, and moves running exchanges out of old ones', async () => {
    const home = newHome()
    const store = newStore()
    const { journal } = await start(home, store, { rotateBytes: 2000 })
    journal.open('long', { key: 'k' })
    for (let at = 0; at < 500; at += 10) {
      for (const id of numbered(10, at)) {
        journal.open(id, {})
        journal.close({ id })
      }
      await journal.flush()
    }
    await until(() => segments(home).length <= 3)
    const left = folders(home).flatMap((folder) =>
      segments(home).map((name) => readFileSync(join(folder, name), 'utf8')),
    )
    expect(left.join('')).toContain('{"o":"long","s":{"key":"k"}}\n')
    await journal.shut()
    const next = await start(home, newStore())
    expect(next.found).toEqual({ closed: [], open: [{ id: 'long', key: 'k' }] })
    await next.adopted()
    await next.journal.shut()
    expect(folders(home)).toEqual([])
  })

  test('is told of a store that fails and tries again', async () => {
    const store = newStore()
    store.down = true
    const { journal } = await start(newHome(), store, { flushMs: 1 })
    journal.close({ id: 'a' })
    await until(() => store.errors.length >= 2)
    await expect(journal.flush()).rejects.toThrow('store is down')
    store.down = false
    await until(() => journal.waiting() === 0)
    expect(store.ids()).toEqual(['a'])
    await journal.shut()
  })
})

describe('a journal that ends', () => {
  test('leaves on disk what the store does not take, and the next one finds exactly that', async () => {
    const home = newHome()
    const store = newStore()
    const first = await start(home, store, { flushMs: 1 })
    for (const id of numbered(100)) first.journal.close({ id })
    await first.journal.flush()
    store.down = true
    for (const id of numbered(50, 100)) first.journal.close({ id })
    await first.journal.shut()
    expect(store.errors.at(-1)).toContain('50 ledger rows are on local disk')
    const { journal, found, adopted } = await start(home, store)
    expect(found.closed.map(({ id }) => id)).toEqual(numbered(50, 100))
    await adopted()
    await journal.shut()
    expect(folders(home)).toEqual([])
  })

  test('does not wait for a store that hangs', async () => {
    const home = newHome()
    const store = newStore()
    const hang = () => new Promise<void>(() => undefined)
    const { journal } = await start(home, store, { write: hang, memoryRows: 10, shutMs: 50 })
    for (const id of numbered(100)) journal.close({ id })
    await journal.shut()
    expect(store.errors).toEqual([expect.stringContaining('100 ledger rows are on local disk')])
    const next = await start(home, newStore())
    expect(next.found.closed.map(({ id }) => id)).toEqual(numbered(100))
    await next.adopted()
    await next.journal.shut()
  })

  test('rejects when rows are neither in the store nor on disk', async () => {
    const home = newHome()
    const store = newStore()
    writeFileSync(join(home, 'journal'), 'a file where the folder should be')
    store.down = true
    const { journal } = await start(home, store, { flushMs: 1 })
    journal.close({ id: 'a' })
    await expect(journal.shut()).rejects.toThrow('1 ledger rows could not be written')
  })
})

describe('a killed process', () => {
  test('loses nothing that it closed more than a second before, and its running exchanges are known', async () => {
    const home = newHome()
    const child = await spawnChild(home, ['a', 'down'], 3000)
    await Bun.sleep(1200)
    await child.kill()
    const safe = child.told.filter(({ at }) => at < (child.told.at(-1)?.at ?? 0) - 1000).at(-1)?.count ?? 0
    expect(safe).toBeGreaterThan(1000)
    const store = newStore()
    const { journal, found, adopted } = await start(home, store)
    const ids = found.closed.map(({ id }) => id)
    expect(ids.length).toBeGreaterThanOrEqual(safe)
    expect(ids).toEqual(ids.map((_, at) => `a-${at}`))
    expect(found.open).toContainEqual({ id: 'a-endless', key: 'k', name: 'a' })
    for (const row of found.closed) journal.close(row)
    await adopted()
    expect(folders(home)).toHaveLength(1)
    await journal.flush()
    expect(store.ids()).toEqual(ids)
    await journal.shut()
  }, 30_000)

  test('has what the store took and what it left add up to everything, with little twice', async () => {
    const home = newHome()
    const child = await spawnChild(home, ['a', 'store'], 5000)
    await Bun.sleep(1500)
    await child.kill()
    const stored = readFileSync(join(home, 'store-a'), 'utf8').trim().split('\n')
    const { journal, found, adopted } = await start(home, newStore())
    const ids = new Set([...stored, ...found.closed.map(({ id }) => id)])
    expect([...ids]).toEqual([...ids].map((_, at) => `a-${at}`))
    expect(found.closed.length).toBeLessThan(stored.length)
    await adopted()
    await journal.shut()
  }, 30_000)

  test('leaves its running neighbours alone, and they leave it', async () => {
    const home = newHome()
    const [a, b] = await Promise.all([
      spawnChild(home, ['a', 'store', '1'], 100),
      spawnChild(home, ['b', 'store', '1'], 100),
    ])
    const mine = await start(home, newStore())
    expect(mine.found).toEqual({ closed: [], open: [] })
    const inOneProcess = await start(home, newStore())
    expect(inOneProcess.found).toEqual({ closed: [], open: [] })
    expect(folders(home)).toHaveLength(4)
    await a.kill()
    const next = await start(home, newStore())
    expect(next.found.open.filter(({ name }) => name !== undefined).map(({ name }) => name)).toEqual(['a'])
    await next.adopted()
    expect(folders(home)).toHaveLength(4)
    const before = b.told.at(-1)?.count ?? 0
    await until(() => (b.told.at(-1)?.count ?? 0) > before + 50)
    for (const { journal } of [mine, inOneProcess, next]) await journal.shut()
    expect(folders(home)).toHaveLength(1)
  }, 30_000)

  test('in the middle of taking over from another loses nothing, and counts nothing twice', async () => {
    const home = newHome()
    const store = newStore()
    store.down = true
    const first = await start(home, store, { flushMs: 1 })
    first.journal.open('running', { key: 'k' })
    for (const id of numbered(20)) first.journal.close({ id })
    await first.journal.shut()
    const second = Bun.spawnSync([process.execPath, '-e', diesOverIt(home)])
    expect(JSON.parse(second.stdout.toString())).toEqual({ closed: 20, open: 1 })
    expect(folders(home)).toHaveLength(2)
    const { journal, found, adopted } = await start(home, newStore())
    expect(found.closed.map(({ id }) => id).sort()).toEqual([...numbered(20), 'running'].sort())
    expect(found.open).toEqual([])
    await adopted()
    expect(folders(home)).toHaveLength(1)
    await journal.shut()
  })
})

/** A process that takes half of what it finds over, closes what was running, and dies. */
function diesOverIt(home: string): string {
  const at = JSON.stringify(join(import.meta.dir, 'open-journal.ts'))
  const ports = `{ home: ${JSON.stringify(home)}, now: Date.now, write: () => Promise.reject(new Error('down')), onError: () => {} }`
  return `const { openJournal } = await import(${at})
    const { journal, found } = await openJournal(${ports})
    console.log(JSON.stringify({ closed: found.closed.length, open: found.open.length }))
    for (const row of found.closed.slice(0, 10)) journal.close(row)
    journal.close({ id: 'running' })
    await Bun.sleep(100)
    process.kill(process.pid, 'SIGKILL')`
}

describe('files that are not whole', () => {
  test('are read as far as they can be: torn and garbled lines are skipped and told of', async () => {
    const home = newHome()
    const store = newStore()
    store.down = true
    const first = await start(home, store, { flushMs: 1 })
    for (const id of numbered(10)) first.journal.close({ id })
    await first.journal.shut()
    const [file = ''] = folders(home).map((folder) => join(folder, '000001.ndjson'))
    const lines = readFileSync(file, 'utf8').split('\n')
    lines[3] = '\u0000\u0000garbage'
    writeFileSync(file, lines.join('\n'))
    appendFileSync(file, '{"c":{"id":"torn","te')
    const next = newStore()
    const { found, adopted, journal } = await start(home, next)
    expect(found.closed.map(({ id }) => id)).toEqual(numbered(10).filter((id) => id !== 'r3'))
    expect(next.errors.join()).toContain('2 lines of the journal in')
    await adopted()
    await journal.shut()
  })

  test('do not make a row that is not stored look stored', async () => {
    const home = newHome()
    const store = newStore()
    const first = await start(home, store, { flushMs: 1 })
    for (const id of numbered(10)) first.journal.close({ id })
    await first.journal.flush()
    store.down = true
    for (const id of numbered(5, 10)) first.journal.close({ id })
    await first.journal.shut()
    const [file = ''] = folders(home).map((folder) => join(folder, '000001.ndjson'))
    writeFileSync(file, readFileSync(file, 'utf8').replace('{"c":{"id":"r4"}}', '{"c":{"id":'))
    const { found, journal, adopted } = await start(home, newStore())
    expect(found.closed.map(({ id }) => id)).toEqual(numbered(5, 10))
    await adopted()
    await journal.shut()
  })
})

describe('a disk that does not take writes', () => {
  test('is told of, rows go on from memory, and it is written again when it can be', async () => {
    const home = newHome()
    const store = newStore()
    const { journal } = await start(home, store, { rotateBytes: 1, flushMs: 1 })
    journal.open('running', { key: 'k' })
    journal.close({ id: 'r0' })
    await journal.flush()
    renameSync(join(home, 'journal'), join(home, 'away'))
    writeFileSync(join(home, 'journal'), 'a file where the folder was')
    for (const id of numbered(20, 1)) journal.close({ id })
    await journal.flush()
    expect(store.ids()).toEqual(numbered(21))
    expect(store.errors.join()).toContain('cannot be written')
    store.down = true
    journal.open('late', { key: 'k' })
    for (const id of numbered(10, 21)) journal.close({ id })
    await Bun.sleep(50)
    rmSync(join(home, 'journal'))
    renameSync(join(home, 'away'), join(home, 'journal'))
    await journal.shut()
    expect(store.errors.at(-1)).toContain('10 ledger rows are on local disk')
    const next = await start(home, newStore())
    expect(next.found.closed.map(({ id }) => id)).toEqual(numbered(10, 21))
    expect(next.found.open.map(({ id }) => id)).toEqual(['running', 'late'])
    await next.adopted()
    await next.journal.shut()
  })

  test('behind rows that wait on disk keeps the order of what comes later', async () => {
    const home = newHome()
    const store = newStore()
    store.down = true
    const { journal } = await start(home, store, { rotateBytes: 1, flushMs: 1, memoryRows: 10 })
    for (const id of numbered(50)) journal.close({ id })
    await Bun.sleep(30)
    renameSync(join(home, 'journal'), join(home, 'away'))
    writeFileSync(join(home, 'journal'), '')
    for (const id of numbered(50, 50)) journal.close({ id })
    await until(() => store.errors.some((text) => text.includes('cannot be written')))
    rmSync(join(home, 'journal'))
    renameSync(join(home, 'away'), join(home, 'journal'))
    await Bun.sleep(300)
    for (const id of numbered(50, 100)) journal.close({ id })
    await Bun.sleep(30)
    store.down = false
    await journal.flush()
    expect(store.ids()).toEqual(numbered(150))
    await journal.shut()
  })

  test('is no reason not to start', async () => {
    const home = newHome()
    writeFileSync(join(home, 'journal'), '')
    const store = newStore()
    const { journal, found } = await start(home, store)
    expect(found).toEqual({ closed: [], open: [] })
    expect(store.errors.length).toBeGreaterThan(0)
    journal.close({ id: 'a' })
    await journal.flush()
    expect(store.ids()).toEqual(['a'])
    await journal.shut()
    expect(existsSync(join(home, 'journal'))).toBe(true)
  })
})
