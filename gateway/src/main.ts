#!/usr/bin/env bun
import { run } from './cli/program.ts'

await run(process.argv)
