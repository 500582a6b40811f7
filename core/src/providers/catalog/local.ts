import type { Provider } from '../provider.ts'
import { videoUrls } from '../quirks/messages.ts'
import { schemaInPlace } from '../quirks/output.ts'
import { dropAdditionalProperties, dropStrict } from '../quirks/tools.ts'
import { lookalike, oldLimit } from './rows.ts'

/** Servers that people run themselves; the key is what they were started with, mostly none. */
export const local: readonly Provider[] = [
  lookalike({
    name: 'hosted_vllm',
    title: 'vLLM',
    docs: 'https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html',
    keyEnv: ['HOSTED_VLLM_API_KEY'],
    baseEnv: ['HOSTED_VLLM_API_BASE'],
    defaultKey: 'fake-api-key',
    quirks: [dropStrict, dropAdditionalProperties, videoUrls],
  }),
  lookalike({
    name: 'llamafile',
    title: 'llamafile',
    docs: 'https://github.com/Mozilla-Ocho/llamafile',
    base: 'http://127.0.0.1:8080/v1',
    hosts: ['localhost:8080'],
    keyEnv: ['LLAMAFILE_API_KEY'],
    baseEnv: ['LLAMAFILE_API_BASE'],
    defaultKey: 'fake-api-key',
  }),
  lookalike({
    name: 'lm_studio',
    title: 'LM Studio',
    docs: 'https://lmstudio.ai/docs/developer/openai-compat',
    base: 'http://localhost:1234/v1',
    hosts: ['127.0.0.1:1234'],
    keyEnv: ['LM_STUDIO_API_KEY'],
    baseEnv: ['LM_STUDIO_API_BASE'],
    defaultKey: 'fake-api-key',
    quirks: [schemaInPlace],
  }),
  lookalike({
    name: 'docker_model_runner',
    title: 'Docker Model Runner',
    docs: 'https://docs.docker.com/ai/model-runner/api-reference/',
    base: 'http://localhost:12434/engines/llama.cpp/v1',
    hosts: ['127.0.0.1:12434', 'model-runner.docker.internal'],
    keyEnv: ['DOCKER_MODEL_RUNNER_API_KEY'],
    baseEnv: ['DOCKER_MODEL_RUNNER_API_BASE'],
    defaultKey: 'dummy-key',
    quirks: [oldLimit],
  }),
  lookalike({
    name: 'lemonade',
    title: 'AMD Lemonade Server',
    docs: 'https://lemonade-server.ai/docs/server/server_spec/',
    base: 'http://localhost:8000/api/v1',
    hosts: ['127.0.0.1:8000'],
    keyEnv: ['LEMONADE_API_KEY'],
    baseEnv: ['LEMONADE_API_BASE'],
    defaultKey: 'lemonade',
  }),
  lookalike({
    name: 'xinference',
    title: 'Xinference',
    docs: 'https://inference.readthedocs.io/en/latest/reference/index.html',
    base: 'http://127.0.0.1:9997/v1',
    hosts: ['localhost:9997'],
    keyEnv: ['XINFERENCE_API_KEY'],
    baseEnv: ['XINFERENCE_API_BASE'],
    defaultKey: 'anything',
  }),
  lookalike({
    name: 'oobabooga',
    title: 'text-generation-webui',
    docs: 'https://github.com/oobabooga/text-generation-webui/wiki/12-%E2%80%90-OpenAI-API',
    base: 'http://localhost:5000/v1',
    hosts: ['127.0.0.1:5000'],
    keyEnv: [],
  }),
]
