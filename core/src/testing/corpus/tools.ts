import type { FunctionTool, ToolChoice } from '../../vocabulary/chat-request.ts'
import { answer, call, conversation, user } from './conversation.ts'

const tool = (name: string, more: Partial<FunctionTool> = {}): FunctionTool => ({
  type: 'function',
  name,
  description: `Does ${name}.`,
  parameters: { type: 'object', properties: { [`${name}_arg`]: { type: 'string' } }, required: [`${name}_arg`] },
  ...more,
})

const choosing = (name: string, toolChoice: ToolChoice) =>
  conversation(`tool choice: ${name}`, [user('Choose.')], answer([call('call_t1', 'pick_a', '{"pick_a_arg":"x"}')]), {
    tools: [tool('pick_a'), tool('pick_b')],
    toolChoice,
  })

/** How tools are declared and which may be used. */
export const tools = [
  choosing('auto', { type: 'auto' }),
  choosing('required', { type: 'required' }),
  choosing('one tool', { type: 'tool', name: 'pick_a' }),
  choosing('allowed, any way', { type: 'allowed', mode: 'auto', names: ['pick_a'] }),
  choosing('allowed, required', { type: 'allowed', mode: 'required', names: ['pick_a'] }),
  conversation('tool choice: none', [user('Just talk.')], 'Talking.', {
    tools: [tool('pick_c')],
    toolChoice: { type: 'none' },
  }),
  conversation(
    'no calls in parallel',
    [user('One by one.')],
    answer([call('call_t2', 'pick_d', '{"pick_d_arg":"y"}')]),
    {
      tools: [tool('pick_d')],
      toolChoice: { type: 'auto' },
      parallelTools: false,
    },
  ),
  conversation('strict tools', [user('Strictly.')], 'Yes.', {
    tools: [
      tool('strict_one', {
        strict: true,
        parameters: {
          type: 'object',
          properties: { strict_prop: { type: ['string', 'null'] } },
          required: ['strict_prop'],
          additionalProperties: false,
        },
      }),
      tool('lax_one', { strict: false }),
    ],
  }),
  conversation('a schema with definitions and references', [user('Refer.')], 'Done.', {
    tools: [
      tool('tree_tool', {
        parameters: {
          type: 'object',
          properties: { tree_root: { $ref: '#/$defs/node' } },
          $defs: {
            node: {
              type: 'object',
              properties: {
                tree_value: { type: 'string' },
                next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] },
              },
            },
          },
        },
      }),
    ],
  }),
  conversation(
    'custom tools with a grammar',
    [user('Add 1 and 2.')],
    answer([call('call_t3', 'calc_tool', '1+2', { kind: 'custom' })]),
    {
      tools: [
        {
          type: 'custom',
          name: 'calc_tool',
          description: 'Adds.',
          grammar: { syntax: 'lark', definition: 'start: NUMBER "+" NUMBER' },
        },
        { type: 'custom', name: 'date_tool', grammar: { syntax: 'regex', definition: '\\d{4}-\\d{2}-\\d{2}' } },
        { type: 'custom', name: 'free_tool', description: 'Anything.' },
      ],
    },
  ),
  conversation(
    'one custom tool must be used',
    [user('Use it.')],
    answer([call('call_t4', 'only_tool', 'go', { kind: 'custom' })]),
    {
      tools: [{ type: 'custom', name: 'only_tool' }],
      toolChoice: { type: 'tool', name: 'only_tool', kind: 'custom' },
    },
  ),
  conversation(
    'tools in namespaces',
    [user('Open the ticket.')],
    answer([call('call_t5', 'open_ticket', '{"open_ticket_arg":"1"}', { namespace: 'crm', itemId: 'fc_t5' })]),
    {
      tools: [tool('open_ticket', { namespace: 'crm' }), tool('close_ticket', { namespace: 'crm' }), tool('ping_tool')],
    },
  ),
  conversation('a hosted tool of anthropic', [user('Search the web.')], 'Found it.', {
    tools: [
      {
        type: 'native',
        format: 'anthropic-messages',
        value: {
          type: 'web_search_20250305',
          name: 'web_search',
          max_uses: 3,
          allowed_domains: ['anthropic-tool.example'],
        },
      },
    ],
    home: 'anthropic-messages',
  }),
  conversation('hosted tools of responses', [user('Search the files.')], 'Found them.', {
    tools: [
      {
        type: 'native',
        format: 'openai-responses',
        value: { type: 'file_search', vector_store_ids: ['vs_marker_11'] },
      },
      { type: 'native', format: 'openai-responses', value: { type: 'web_search', search_context_size: 'low' } },
      tool('beside_hosted'),
    ],
    home: 'openai-responses',
  }),
  conversation('hosted tools of gemini', [user('Search with Google.')], 'Found all.', {
    tools: [{ type: 'native', format: 'gemini', value: { googleSearch: {} } }],
    home: 'gemini',
  }),
  conversation('a hosted tool of a chat look-alike', [user('Search there.')], 'Found it there.', {
    tools: [
      {
        type: 'native',
        format: 'openai-chat',
        value: { type: 'builtin_function', function: { name: '$web_search_marker' } },
      },
    ],
    home: 'openai-chat',
  }),
  conversation('tool fields of anthropic alone', [user('Defer.')], 'Deferred.', {
    tools: [tool('deferred_tool', { native: { format: 'anthropic-messages', value: { defer_loading: true } } })],
    home: 'anthropic-messages',
  }),
  conversation('a tool without description or schema', [user('Bare.')], 'Bare.', {
    tools: [{ type: 'function', name: 'bare_tool' }],
  }),
  conversation('a tool with an empty schema', [user('Empty.')], 'Empty.', {
    tools: [{ type: 'function', name: 'hollow_tool', parameters: { type: 'object', properties: {} } }],
  }),
]
