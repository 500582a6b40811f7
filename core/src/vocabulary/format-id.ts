/** The wire formats by name. A folder of the same name under `formats/` holds its two halves. */
export type FormatId = 'openai-chat' | 'openai-responses' | 'anthropic-messages' | 'gemini'
