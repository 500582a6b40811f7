/** What a key of a section does. acts: it works · refused: leaving it out silently would be unsafe, so the start stops · inert: named at start, no effect yet */
export interface SectionKeys {
  readonly acts: ReadonlySet<string>
  readonly refused: ReadonlySet<string>
  readonly inert: ReadonlySet<string>
}

/** The keys of LiteLLM's config.yaml (documentation of 2026-10, https://docs.litellm.ai/docs/proxy/config_settings), by section. */
export const sectionKeys = {
  top: {
    acts: new Set([
    'environment_variables', 'general_settings', 'include', 'litellm_settings', 'model_list', 'router_settings',
    ]),
    refused: new Set([
    'guardrails', 'policies', 'policy_attachments',
    ]),
    inert: new Set([
    'agent_list', 'agents', 'assistant_settings', 'callback_settings', 'credential_list', 'default_vertex_config',
    'files_settings', 'finetune_settings', 'mcp_servers', 'prompts', 'search_tools', 'vector_store_registry',
    'worker_registry',
    ]),
  },
  litellm_settings: {
    acts: new Set([
    'allowed_fails', 'content_policy_fallbacks', 'context_window_fallbacks', 'cooldown_time', 'default_fallbacks',
    'disable_cooldowns', 'drop_params', 'fallbacks', 'max_fallbacks', 'model_alias_map', 'num_retries',
    'request_timeout',
    ]),
    refused: new Set([
    'custom_provider_map', 'guardrails', 'key_generation_settings', 'max_budget', 'max_end_user_budget',
    'max_end_user_budget_id', 'max_internal_user_budget', 'max_user_budget', 'post_call_rules', 'pre_call_rules',
    'tag_budget_config', 'upperbound_key_generate_params',
    ]),
    inert: new Set([
    'add_function_to_prompt', 'add_user_information_to_llm_headers', 'allow_dynamic_callback_disabling',
    'aws_sqs_callback_params', 'budget_duration', 'budget_exceeded_throttle_percentage', 'budget_reset_time', 'cache',
    'cache_params', 'callbacks', 'cold_storage_custom_logger', 'cost_discount_config', 'cost_margin_config',
    'custom_prometheus_metadata_labels', 'custom_prometheus_tags', 'datadog_llm_observability_params',
    'datadog_params', 'default_in_memory_ttl', 'default_internal_user_params', 'default_key_generate_params',
    'default_max_internal_user_budget', 'default_redis_ttl', 'default_soft_budget', 'default_team_params',
    'default_team_settings', 'disable_add_user_agent_to_request_tags', 'disable_aiohttp_transport',
    'disable_end_user_cost_tracking', 'disable_hf_tokenizer_download', 'disable_stop_sequence_limit',
    'disable_streaming_logging', 'disable_token_counter', 'enable_caching_on_provider_specific_optional_params',
    'enable_end_user_cost_tracking_prometheus_only', 'enable_json_schema_validation',
    'enable_key_alias_format_validation', 'enable_loadbalancing_on_batch_endpoints', 'enable_redis_auth_cache',
    'expose_router_debug_in_errors', 'extra_spend_tag_headers', 'failure_callback', 'filter_invalid_headers',
    'force_ipv4', 'forward_traceparent_to_llm_provider', 'global_bitbucket_config', 'global_disable_no_log_param',
    'global_gitlab_config', 'global_prompt_directory', 'http2', 'include_cost_in_streaming_usage',
    'internal_user_budget_duration', 'json_logs', 'langfuse_default_tags', 'langsmith_batch_size',
    'log_raw_request_response', 'max_ui_session_budget', 'mcp_aliases', 'model_group_settings', 'modify_params',
    'output_parse_pii', 'overwrite_user_with_key_hash', 'presidio_ad_hoc_recognizers', 'priority_reservation',
    'priority_reservation_settings', 'prometheus_initialize_budget_metrics', 'prometheus_metrics_config',
    'public_agent_groups', 'public_mcp_servers', 'public_model_groups', 'redact_messages_in_exceptions',
    'redact_user_api_key_info', 'request_correlation_in_logs', 'require_auth_for_metrics_endpoint',
    'require_managed_files', 'return_response_headers', 'route_all_chat_openai_to_responses', 's3_callback_params',
    'service_callback', 'service_callbacks', 'set_verbose', 'skip_system_message_in_guardrail',
    'skip_tool_message_in_guardrail', 'ssl_verify', 'standard_logging_payload_excluded_fields', 'store_audit_logs',
    'success_callback', 'telemetry', 'timezone', 'turn_off_message_logging',
    'use_chat_completions_url_for_anthropic_messages', 'user_url_allowed_hosts', 'user_url_validation',
    'websearch_interception_params',
    ]),
  },
  router_settings: {
    acts: new Set([
    'allowed_fails', 'content_policy_fallbacks', 'context_window_fallbacks', 'cooldown_time', 'default_fallbacks',
    'default_litellm_params', 'disable_cooldowns', 'fallbacks', 'max_fallbacks', 'max_retries', 'model_group_alias',
    'num_retries', 'retry_after', 'routing_strategy', 'routing_strategy_args', 'stream_idle_timeout',
    'stream_timeout', 'timeout', 'ttft_timeout',
    ]),
    refused: new Set([
    'enable_tag_filtering', 'guardrail_list', 'provider_budget_config',
    ]),
    inert: new Set([
    'alerting_config', 'allowed_fails_policy', 'assistants_config', 'cache_kwargs', 'cache_responses',
    'caching_groups', 'client_ttl', 'debug_level', 'default_max_parallel_requests', 'default_priority',
    'deployment_affinity_ttl_seconds', 'enable_health_check_routing', 'enable_pre_call_checks',
    'enable_weighted_failover', 'health_check_ignore_transient_errors', 'health_check_staleness_threshold',
    'ignore_invalid_deployments', 'keepalive_seconds', 'model_group_affinity_config', 'model_group_retry_policy',
    'optional_pre_call_checks', 'polling_interval', 'redis_db', 'redis_host', 'redis_password', 'redis_port',
    'redis_url', 'retry_policy', 'router_general_settings', 'routing_groups', 'search_tools', 'set_verbose',
    'tag_filtering_match_any', 'tag_routing_prefix',
    ]),
  },
  general_settings: {
    acts: new Set([
    'database_url', 'litellm_key_header_name', 'master_key', 'max_request_size_mb', 'unpriced',
    ]),
    refused: new Set([
    'admin_only_routes', 'allow_client_side_credentials', 'allowed_ips', 'allowed_routes', 'custom_auth',
    'custom_key_generate', 'custom_key_policy', 'custom_key_update', 'enable_jwt_auth', 'enable_oauth2_auth',
    'enable_oauth2_proxy_auth', 'enforce_rbac', 'enforce_user_param', 'enforced_params',
    'forward_llm_provider_auth_headers', 'global_max_parallel_requests', 'key_management_system', 'litellm_jwtauth',
    'max_parallel_requests', 'oauth2_config_mappings', 'pass_through_endpoints', 'public_routes',
    'reject_clientside_metadata_tags', 'role_permissions', 'service_account_settings', 'use_azure_key_vault',
    'use_google_kms',
    ]),
    inert: new Set([
    'alert_to_webhook_url', 'alert_type_config', 'alert_types', 'alerting', 'alerting_args', 'alerting_threshold',
    'allow_requests_on_db_unavailable', 'allow_unmanaged_response_ids', 'allow_user_auth', 'allowed_file_extensions',
    'always_include_stream_usage', 'apply_user_budget_to_team_keys', 'auto_redirect_ui_login_to_sso',
    'background_health_check_model_groups', 'background_health_checks', 'cancel_on_disconnect', 'completion_model',
    'control_plane_url', 'custom_auth_run_common_checks', 'custom_sso', 'custom_ui_sso_sign_in_handler',
    'database_connect_timeout', 'database_connection_pool_limit', 'database_connection_timeout',
    'default_team_disabled', 'disable_adding_master_key_hash_to_db', 'disable_auto_add_proxy_admin_to_teams',
    'disable_budget_reservation', 'disable_env_credential_login', 'disable_error_logs', 'disable_master_key_return',
    'disable_prepared_statements', 'disable_prisma_schema_update', 'disable_reset_budget',
    'disable_responses_id_security', 'disable_retry_on_max_parallel_request_limit_error', 'disable_spend_logs',
    'disable_spend_updates', 'drain_endpoint_token', 'embedding_model', 'enable_drain_endpoint',
    'enable_health_check_routing', 'enable_mcp_registry', 'enable_public_model_hub', 'enforce_fallback_budget',
    'enforce_fallback_model_access', 'extra_connection_params', 'fail_closed_budget_enforcement',
    'failed_login_window_seconds', 'forward_client_headers_to_llm_api', 'forward_openai_org_id',
    'health_check_concurrency', 'health_check_details', 'health_check_ignore_transient_errors',
    'health_check_interval', 'health_check_staleness_threshold', 'image_generation_model',
    'include_call_id_in_error_body', 'infer_model_from_keys', 'key_management_settings', 'litellm_license',
    'lock_timeout', 'max_batch_file_size_mb', 'max_failed_login_attempts', 'max_failed_login_attempts_per_source',
    'max_file_size_mb', 'max_in_flight_requests_per_worker', 'max_response_size_mb',
    'maximum_spend_logs_cleanup_cron', 'maximum_spend_logs_retention_interval', 'maximum_spend_logs_retention_period',
    'mcp_client_side_auth_header_name', 'mcp_internal_ip_ranges', 'mcp_required_fields', 'mcp_trusted_proxy_ranges',
    'missing_session_id', 'moderation_model', 'pass_through_request_timeout', 'proxy_batch_polling_interval',
    'proxy_batch_write_at', 'proxy_budget_rescheduler_max_time', 'proxy_budget_rescheduler_min_time',
    'require_end_user_mcp_access_defined', 'require_key_mcp_access_defined', 'scheduled_job_stagger',
    'socket_timeout', 'spend_report_frequency', 'sse_keepalive_ping_interval_seconds', 'statement_timeout',
    'store_model_in_db', 'store_prompts_in_spend_logs', 'supported_db_objects', 'token_rate_limit_type',
    'ui_access_mode', 'use_client_credentials_pass_through_routes', 'use_redis_transaction_buffer',
    'use_shared_health_check', 'use_x_forwarded_for', 'user_api_key_cache_max_size', 'user_api_key_cache_ttl',
    'user_header_mappings', 'user_header_name', 'user_mcp_management_mode',
    ]),
  },
} as const satisfies Record<string, SectionKeys>
