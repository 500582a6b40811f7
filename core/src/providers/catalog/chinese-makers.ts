import type { Provider } from '../provider.ts'
import { joinText, markPrefix } from '../quirks/messages.ts'
import { fillReasoning, thinkingSwitch } from '../quirks/reasoning.ts'
import { temperatureForMany } from '../quirks/sampling.ts'
import { askForTool } from '../quirks/tools.ts'
import { lacks, lookalike, oldLimit, openaiOnly, penalties, tokenOdds } from './rows.ts'

const messagesVersion = { 'anthropic-messages': { 'anthropic-version': '2023-06-01' } } as const
const xApiKey = { 'anthropic-messages': { kind: 'header', name: 'x-api-key' } } as const

const kimiQuirks = [
  ...lacks('functions'),
  oldLimit,
  { kind: 'clamp', field: 'temperature', min: 0, max: 1, why: 'takes temperatures from 0 to 1' },
  temperatureForMany(0.3),
  joinText,
  askForTool,
  fillReasoning,
] as const satisfies Provider['quirks']

/** Makers of models in China. */
export const chineseMakers: readonly Provider[] = [
  lookalike({
    name: 'deepseek',
    title: 'DeepSeek',
    docs: 'https://api-docs.deepseek.com/api/create-chat-completion',
    base: 'https://api.deepseek.com/beta',
    bases: { 'anthropic-messages': 'https://api.deepseek.com/anthropic/v1' },
    keyEnv: ['DEEPSEEK_API_KEY'],
    baseEnv: ['DEEPSEEK_API_BASE'],
    chat: ['openai-chat', 'anthropic-messages'],
    credentials: xApiKey,
    formatHeaders: messagesVersion,
    quirks: [joinText, markPrefix, thinkingSwitch, fillReasoning],
    plain: ['deepseek-chat', 'deepseek-reasoner', 'deepseek-v4*', 'deepseek-flash'],
  }),
  lookalike({
    name: 'moonshot',
    title: 'Moonshot AI (Kimi)',
    docs: 'https://platform.moonshot.ai/docs/api/chat',
    base: 'https://api.moonshot.ai/v1',
    bases: { 'anthropic-messages': 'https://api.moonshot.ai/anthropic/v1' },
    keyEnv: ['MOONSHOT_API_KEY'],
    baseEnv: ['MOONSHOT_API_BASE'],
    hosts: ['api.moonshot.cn'],
    chat: ['openai-chat', 'anthropic-messages'],
    formatHeaders: messagesVersion,
    quirks: kimiQuirks,
    plain: ['kimi-*', 'moonshot-v1-*'],
  }),
  lookalike({
    name: 'moonshot-cn',
    title: 'Moonshot AI (mainland)',
    docs: 'https://platform.moonshot.cn/docs/api/chat',
    base: 'https://api.moonshot.cn/v1',
    bases: { 'anthropic-messages': 'https://api.moonshot.cn/anthropic/v1' },
    keyEnv: ['MOONSHOT_CN_API_KEY'],
    chat: ['openai-chat', 'anthropic-messages'],
    formatHeaders: messagesVersion,
    quirks: kimiQuirks,
  }),
  lookalike({
    name: 'zai',
    title: 'Z.AI (Zhipu GLM)',
    docs: 'https://docs.z.ai/api-reference/llm/chat-completion',
    base: 'https://api.z.ai/api/paas/v4',
    bases: { 'anthropic-messages': 'https://api.z.ai/api/anthropic/v1' },
    keyEnv: ['ZAI_API_KEY'],
    baseEnv: ['ZAI_API_BASE'],
    chat: ['openai-chat', 'anthropic-messages'],
    formatHeaders: messagesVersion,
    quirks: [...lacks(...tokenOdds, ...penalties, ...openaiOnly, 'n', 'seed', 'parallel_tool_calls'), oldLimit],
    plain: ['glm-*'],
  }),
  lookalike({
    name: 'minimax',
    title: 'MiniMax',
    docs: 'https://platform.minimax.io/docs/api-reference/text-openai-api',
    base: 'https://api.minimax.io/v1',
    bases: { 'anthropic-messages': 'https://api.minimax.io/anthropic/v1' },
    keyEnv: ['MINIMAX_API_KEY'],
    baseEnv: ['MINIMAX_API_BASE'],
    hosts: ['api.minimaxi.com'],
    chat: ['openai-chat', 'anthropic-messages'],
    // https://platform.minimax.io/docs/api-reference/text-anthropic-api
    only: [
      { models: ['minimax-m2*', 'minimax-m3*'], chat: ['openai-chat', 'anthropic-messages'] },
      { models: ['*'], chat: ['openai-chat'] },
    ],
    credentials: xApiKey,
    formatHeaders: messagesVersion,
    plain: ['minimax-*'],
  }),
  lookalike({
    name: 'volcengine',
    title: 'Volcengine Ark (Doubao)',
    docs: 'https://www.volcengine.com/docs/82379/1494384',
    base: 'https://ark.cn-beijing.volces.com/api/v3',
    keyEnv: ['VOLCENGINE_API_KEY', 'ARK_API_KEY'],
    baseEnv: ['VOLCENGINE_API_BASE', 'ARK_API_BASE'],
    // response_format is documented (beta) and stays
    quirks: lacks(
      'modalities',
      'prediction',
      'parallel_tool_calls',
      'audio',
      'web_search_options',
      'service_tier',
      'safety_identifier',
    ),
    plain: ['doubao-*'],
  }),
  lookalike({
    name: 'dashscope',
    title: 'Alibaba DashScope (Qwen)',
    docs: 'https://help.aliyun.com/zh/model-studio/compatibility-of-openai-with-dashscope',
    base: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
    hosts: ['dashscope-intl.aliyuncs.com', 'dashscope-us.aliyuncs.com'],
    keyEnv: ['DASHSCOPE_API_KEY'],
    baseEnv: ['DASHSCOPE_API_BASE'],
    quirks: [joinText],
  }),
  lookalike({
    name: 'qwencloud',
    title: 'QwenCloud (international)',
    docs: 'https://www.alibabacloud.com/help/en/model-studio/compatibility-of-openai-with-dashscope',
    base: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    keyEnv: ['QWENCLOUD_API_KEY', 'DASHSCOPE_API_KEY'],
    baseEnv: ['QWENCLOUD_API_BASE'],
    quirks: [joinText],
  }),
  lookalike({
    name: 'qwen_ai_platform',
    title: 'Qianwen AI Platform (mainland)',
    docs: 'https://help.aliyun.com/zh/model-studio/compatibility-of-openai-with-dashscope',
    base: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
    keyEnv: ['QWEN_AI_PLATFORM_API_KEY', 'DASHSCOPE_API_KEY'],
    baseEnv: ['QWEN_AI_PLATFORM_API_BASE'],
    quirks: [joinText],
  }),
  lookalike({
    name: 'xiaomi_mimo',
    title: 'Xiaomi MiMo',
    docs: 'https://platform.xiaomimimo.com/docs',
    base: 'https://api.xiaomimimo.com/v1',
    keyEnv: ['XIAOMI_MIMO_API_KEY'],
    quirks: [oldLimit],
  }),
  lookalike({
    name: 'tencent',
    title: 'Tencent TokenHub',
    docs: 'https://www.tencentcloud.com/document/product/1284',
    base: 'https://tokenhub-intl.tencentcloudmaas.com/v1',
    keyEnv: ['TENCENT_API_KEY'],
    baseEnv: ['TENCENT_API_BASE'],
  }),
]
