import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { takeLock } from './lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'lock-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a lock is held while its process lives, even when nobody refers to it, and is free once that was killed', async () => {
  const script = `const { takeLock } = await import(${JSON.stringify(join(import.meta.dir, 'lock.ts'))})
    if (!takeLock(${JSON.stringify(folder)})) throw new Error('not free')
    setInterval(() => Bun.gc(true), 20)
    setTimeout(() => console.log('holds'), 200)`
  const child = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' })
  await child.stdout.getReader().read()
  const whileItLives = takeLock(folder)
  child.kill('SIGKILL')
  await child.exited
  expect(whileItLives).toBeUndefined()
  const lock = takeLock(folder)
  expect(lock).toBeDefined()
  expect(takeLock(folder)).toBeUndefined()
  lock?.release()
  takeLock(folder)?.release()
})

test('a folder that is gone has no lock', () => {
  expect(takeLock(join(folder, 'gone'))).toBeUndefined()
})
