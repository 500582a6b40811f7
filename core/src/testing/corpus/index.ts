import { answers } from './answers.ts'
import { basics } from './basics.ts'
import { caching } from './caching.ts'
import type { Conversation } from './conversation.ts'
import { documents } from './documents.ts'
import { mediaTalks } from './media.ts'
import { native } from './native.ts'
import { reasoning } from './reasoning.ts'
import { settings } from './settings.ts'
import { toolCalls } from './tool-calls.ts'
import { tools } from './tools.ts'

/** Every conversation; their names are unique. */
export const corpus: readonly Conversation[] = [
  ...basics,
  ...mediaTalks,
  ...documents,
  ...caching,
  ...toolCalls,
  ...tools,
  ...reasoning,
  ...settings,
  ...native,
  ...answers,
]
