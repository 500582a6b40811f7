/** `litellm_params` that act here. Everything that is in neither list goes to the provider as a default of the request. */
export const knownParams: ReadonlySet<string> = new Set([
  'model', 'custom_llm_provider', 'api_key', 'api_base', 'base_url', 'api_version', 'organization', 'timeout', 'stream_timeout',
  'request_timeout', 'ttft_timeout', 'stream_idle_timeout', 'max_retries', 'num_retries', 'tpm', 'rpm', 'weight', 'order', 'cooldown_time',
  'base_model', 'extra_headers', 'headers', 'extra_body', 'drop_params', 'additional_drop_params', 'mock_response', 'model_info',
  'region_name', 'aws_region_name', 'vertex_location', 'vertex_project', 'account', 'workspace', 'resource',
])

/** `litellm_params` that are understood and have no effect yet; named at start. */
export const inertParams: ReadonlySet<string> = new Set([
  'itpm', 'otpm', 'max_parallel_requests', 'tags', 'tag_regex', 'max_budget', 'budget_duration', 'litellm_credential_name',
  'configurable_clientside_auth_params', 'use_in_pass_through', 'use_litellm_proxy', 'use_chat_completions_api',
  'merge_reasoning_content_in_choices', 'silent_model', 'max_file_size_mb', 'default_api_key_tpm_limit', 'default_api_key_rpm_limit',
  'allowed_openai_params', 'supports_system_message', 'litellm_trace_id', 'cache_control_injection_points', 'prompt_id', 'guardrails',
  'keepalive_seconds', 'allow_client_keepalive_override', 'vector_store_id', 'vector_store_ids', 'azure_ad_token', 'tenant_id', 'client_id',
  'client_secret', 'azure_username', 'azure_password', 'azure_scope', 'vertex_credentials', 'aws_access_key_id', 'aws_secret_access_key',
  'aws_session_token', 'aws_session_name', 'aws_profile_name', 'aws_role_name', 'aws_web_identity_token', 'aws_sts_endpoint',
  'aws_bedrock_runtime_endpoint', 'watsonx_region_name', 'gcs_bucket_name', 's3_bucket_name', 's3_encryption_key_id',
])

const price = /^(?:(?:input|output|cache_read|cache_creation)_.*cost.*|.*_cost_per_.*|tiered_pricing)$/

/** Whether this is one of LiteLLM's custom pricing fields. */
export function isPriceField(name: string): boolean {
  return price.test(name)
}
