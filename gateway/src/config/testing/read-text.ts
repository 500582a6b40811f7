import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type NanoUsd, nanoUsd } from 'turnpike-core/internal/kernel/money'
import type { Config } from '../config.ts'
import type { Variables } from '../environment.ts'
import { InvalidConfig, readConfig } from '../read.ts'

/** Reads a configuration from a file that is gone right after. */
export function readText(text: string, variables: Variables = {}): Config {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-read-'))
  const file = join(folder, 'c.yaml')
  try {
    writeFileSync(file, text)
    return readConfig(file, variables)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The complaints about it, each from its line on. */
export function faultsIn(text: string, variables: Variables = {}): readonly string[] {
  try {
    readText(text, variables)
  } catch (thrown) {
    if (thrown instanceof InvalidConfig) return thrown.complaints.map((one) => one.replace(/^.*?\.yaml:/, ''))
    throw thrown
  }
  return []
}

/** Dollars as they are configured, in nano-dollars as they are kept. */
export function usd(dollars: number): NanoUsd {
  return nanoUsd(dollars)
}
