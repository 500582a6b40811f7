import type { Provider } from '../provider.ts'
import { lookalike } from './rows.ts'

/** A row of which nothing is to be said but its address. */
function plainRow(
  name: string,
  title: string,
  row: { base: string; keyEnv: readonly string[]; docs: string },
): Provider {
  return lookalike({ name, title, ...row })
}

const messagesVersion = { 'anthropic-messages': { 'anthropic-version': '2023-06-01' } } as const

/** Vendors that LiteLLM has no prefix for. */
export const moreHosts: readonly Provider[] = [
  plainRow('arcee', 'Arcee AI', {
    base: 'https://api.arcee.ai/api/v1',
    keyEnv: ['ARCEE_API_KEY'],
    docs: 'https://docs.arcee.ai/',
  }),
  plainRow('berget', 'Berget AI', {
    base: 'https://api.berget.ai/v1',
    keyEnv: ['BERGET_API_KEY'],
    docs: 'https://api.berget.ai/docs',
  }),
  plainRow('cortecs', 'Cortecs', {
    base: 'https://api.cortecs.ai/v1',
    keyEnv: ['CORTECS_API_KEY'],
    docs: 'https://docs.cortecs.ai/',
  }),
  plainRow('evroc', 'evroc', {
    base: 'https://models.think.evroc.com/v1',
    keyEnv: ['EVROC_API_KEY'],
    docs: 'https://docs.evroc.com/',
  }),
  plainRow('greenpt', 'GreenPT', {
    base: 'https://api.greenpt.ai/v1',
    keyEnv: ['GREENPT_API_KEY'],
    docs: 'https://docs.greenpt.ai/',
  }),
  plainRow('inference-net', 'Inference.net', {
    base: 'https://inference.net/v1',
    keyEnv: ['INFERENCE_API_KEY'],
    docs: 'https://docs.inference.net/',
  }),
  plainRow('io-net', 'io.net Intelligence', {
    base: 'https://api.intelligence.io.solutions/api/v1',
    keyEnv: ['IOINTELLIGENCE_API_KEY'],
    docs: 'https://docs.io.net/',
  }),
  plainRow('llmgateway', 'LLM Gateway', {
    base: 'https://api.llmgateway.io/v1',
    keyEnv: ['LLMGATEWAY_API_KEY'],
    docs: 'https://docs.llmgateway.io/',
  }),
  plainRow('longcat', 'Meituan LongCat', {
    base: 'https://api.longcat.chat/openai',
    keyEnv: ['LONGCAT_API_KEY'],
    docs: 'https://longcat.chat/platform/docs/',
  }),
  plainRow('opper', 'Opper', {
    base: 'https://api.opper.ai/v3/compat',
    keyEnv: ['OPPER_API_KEY'],
    docs: 'https://docs.opper.ai/',
  }),
  plainRow('poolside', 'Poolside', {
    base: 'https://inference.poolside.ai/v1',
    keyEnv: ['POOLSIDE_API_KEY'],
    docs: 'https://docs.poolside.ai/',
  }),
  plainRow('qiniu-ai', 'Qiniu AI', {
    base: 'https://api.qnaigc.com/v1',
    keyEnv: ['QINIU_API_KEY'],
    docs: 'https://developer.qiniu.com/aitokenapi',
  }),
  plainRow('regolo-ai', 'Regolo.ai', {
    base: 'https://api.regolo.ai/v1',
    keyEnv: ['REGOLO_API_KEY'],
    docs: 'https://docs.regolo.ai/',
  }),
  plainRow('requesty', 'Requesty', {
    base: 'https://router.requesty.ai/v1',
    keyEnv: ['REQUESTY_API_KEY'],
    docs: 'https://docs.requesty.ai/',
  }),
  plainRow('siliconflow', 'SiliconFlow', {
    base: 'https://api.siliconflow.com/v1',
    keyEnv: ['SILICONFLOW_API_KEY'],
    docs: 'https://docs.siliconflow.com/en/api-reference/chat-completions/chat-completions',
  }),
  plainRow('siliconflow-cn', 'SiliconFlow (mainland)', {
    base: 'https://api.siliconflow.cn/v1',
    keyEnv: ['SILICONFLOW_CN_API_KEY'],
    docs: 'https://docs.siliconflow.cn/cn/api-reference/chat-completions/chat-completions',
  }),
  plainRow('stackit', 'STACKIT AI Model Serving', {
    base: 'https://api.openai-compat.model-serving.eu01.onstackit.cloud/v1',
    keyEnv: ['STACKIT_API_KEY'],
    docs: 'https://docs.stackit.cloud/products/data-and-ai/ai-model-serving/',
  }),
  plainRow('stepfun', 'StepFun', {
    base: 'https://api.stepfun.ai/v1',
    keyEnv: ['STEPFUN_API_KEY'],
    docs: 'https://platform.stepfun.ai/docs',
  }),
  plainRow('stepfun-cn', 'StepFun (mainland)', {
    base: 'https://api.stepfun.com/v1',
    keyEnv: ['STEPFUN_CN_API_KEY'],
    docs: 'https://platform.stepfun.com/docs',
  }),
  plainRow('tinfoil', 'Tinfoil', {
    base: 'https://inference.tinfoil.sh/v1',
    keyEnv: ['TINFOIL_API_KEY'],
    docs: 'https://docs.tinfoil.sh/',
  }),
  plainRow('vultr', 'Vultr Serverless Inference', {
    base: 'https://api.vultrinference.com/v1',
    keyEnv: ['VULTR_API_KEY'],
    docs: 'https://api.vultrinference.com/',
  }),
  plainRow('zenmux', 'ZenMux', {
    base: 'https://zenmux.ai/api/v1',
    keyEnv: ['ZENMUX_API_KEY'],
    docs: 'https://docs.zenmux.ai/',
  }),
  plainRow('zai-coding-plan', 'Z.AI coding plan', {
    base: 'https://api.z.ai/api/coding/paas/v4',
    keyEnv: ['ZHIPU_CODING_PLAN_API_KEY'],
    docs: 'https://docs.z.ai/devpack/overview',
  }),
  plainRow('zai-cn', 'Zhipu AI (mainland)', {
    base: 'https://open.bigmodel.cn/api/paas/v4',
    keyEnv: ['ZHIPU_CN_API_KEY'],
    docs: 'https://docs.bigmodel.cn/',
  }),
  {
    name: 'kimi-coding',
    title: 'Kimi Code',
    docs: 'https://www.kimi.com/code/docs/en/',
    base: 'https://api.kimi.com/coding/v1',
    keyEnv: ['KIMI_API_KEY'],
    credential: { kind: 'header', name: 'x-api-key' },
    formatHeaders: messagesVersion,
    chat: ['anthropic-messages'],
  },
  {
    name: 'minimax-anthropic-cn',
    title: 'MiniMax (mainland, Messages API)',
    docs: 'https://platform.minimaxi.com/docs/api-reference/text-anthropic-api',
    base: 'https://api.minimaxi.com/anthropic/v1',
    keyEnv: ['MINIMAX_CN_API_KEY'],
    credential: { kind: 'header', name: 'x-api-key' },
    formatHeaders: messagesVersion,
    chat: ['anthropic-messages'],
  },
]
