#!/usr/bin/env node
// The `turnpike` command: the gateway's command line on the Bun that npm installed.
import { fileURLToPath } from 'node:url'

process.argv.splice(2, 0, fileURLToPath(new URL('../gateway/src/main.ts', import.meta.url)))
await import('./bun.mjs')
