/** The `include` entry that asks for log probabilities: https://platform.openai.com/docs/api-reference/responses/create#responses-create-include */
export const logprobsWish = 'message.output_text.logprobs'

/** The `include` entry that asks for sealed reasoning, so that it can be sent back without being stored there. */
export const sealWish = 'reasoning.encrypted_content'

/** The format wants a name for every schema; this one stands where the caller gave none. */
export const defaultSchemaName = 'response'

/** What `isError` becomes: a tool's result has no mark of failure in this format. */
export const errorPrefix = 'Error: '
