// The gateway on Node 24, which runs TypeScript by leaving the types out: a program for the smoke test, not a way to start it.
import process from 'node:process'
import { boot } from '../../gateway/src/boot.ts'
import { readConfig } from '../../gateway/src/config/read.ts'
import { serveOnNode } from '../../gateway/src/runtime/node.ts'

const [file = '', master = ''] = process.argv.slice(2)
const gateway = await boot(readConfig(file, process.env), [master])
const server = await serveOnNode({
  hostname: '127.0.0.1',
  port: 0,
  handle: gateway.handle,
  refuse: () => new Response('the handler failed', { status: 500 }),
})
process.on('SIGTERM', () => {
  void server
    .stop()
    .then(() => gateway.close())
    .then(() => process.exit(0))
})
console.log(`listens on ${server.url} (Node ${process.version})`)
