import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { News } from '../news.ts'
import type { Standing } from './known/standing.ts'
import type { Link } from './link.ts'

/** News that wait for Redis to come back; older ones are dropped, as everybody looks for himself after a while. */
const mostWaiting = 1000

export interface NewsLinePorts {
  /** a client that connects by itself, again and again, and subscribes again */
  readonly listener: Redis
  readonly channel: string
  readonly news: News
}

/** News to and from the other processes. Our own are told here at once, and not again when they come back. */
export interface NewsLine {
  publish(topic: string, message: string, way: { readonly link: Link; readonly standing: Standing }): void
  /** sends what had to wait */
  flush(link: Link): void
  close(): void
}

export function createNewsLine({ listener, channel, news }: NewsLinePorts): NewsLine {
  const self = randomUUID()
  const waiting: string[] = []
  listener.on('error', () => {})
  listener.on('message', (_channel: string, text: string) => {
    const [from, topic, message] = readNews(text)
    if (from !== self && topic !== undefined && message !== undefined) news.tell(topic, message)
  })
  // what waits for the connection when the line is closed is rejected
  listener.subscribe(channel).catch(() => {})

  return {
    publish(topic, message, { link, standing }) {
      queueMicrotask(() => news.tell(topic, message))
      const text = JSON.stringify([self, topic, message])
      if (standing.joined) return link.publish(channel, text)
      waiting.push(text)
      if (waiting.length > mostWaiting) waiting.shift()
    },
    flush(link) {
      for (const text of waiting.splice(0)) link.publish(channel, text)
    },
    close: () => listener.disconnect(),
  }
}

function readNews(text: string): readonly (string | undefined)[] {
  try {
    const read: unknown = JSON.parse(text)
    return Array.isArray(read) ? read.map((part) => (typeof part === 'string' ? part : undefined)) : []
  } catch {
    return []
  }
}
