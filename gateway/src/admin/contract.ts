import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'

/** A virtual key as the API shows it, under LiteLLM's names; money in dollars, times in ISO 8601. */
export interface KeyView {
  readonly token: string
  readonly key_name: string
  readonly key_alias: string | null
  readonly spend: number
  readonly max_budget: number | null
  readonly soft_budget: number | null
  readonly budget_duration: string | null
  readonly budget_reset_at: string | null
  readonly expires: string | null
  /** empty: every model */
  readonly models: readonly string[]
  readonly aliases: Readonly<Record<string, string>>
  readonly user_id: string | null
  readonly team_id: string | null
  readonly organization_id: string | null
  readonly org_id: string | null
  readonly agent_id: string | null
  readonly project_id: string | null
  readonly metadata: JsonObject
  readonly rpm_limit: number | null
  readonly tpm_limit: number | null
  readonly max_parallel_requests: number | null
  readonly allowed_routes: readonly string[]
  readonly key_type: string
  readonly blocked: boolean
  readonly created_at: string
  readonly created_by: string
  readonly updated_at: string
  readonly updated_by: string
  /** LiteLLM's fields for what is not served here: always empty, so that its clients find them */
  readonly [unserved: string]: Json | undefined
}

/** Answer of `/key/generate`: the only place where the secret is shown. */
export interface GeneratedKey extends KeyView {
  readonly key: string
  readonly token_id: string
  readonly duration: string | null
  readonly tags: readonly string[]
}

/** Answer of `/key/list`. */
export interface KeyPage {
  readonly keys: readonly (string | KeyView)[]
  readonly total_count: number
  readonly current_page: number
  readonly total_pages: number
}

/** One exchange as LiteLLM's `/spend/logs` shows it. */
export interface SpendLog {
  readonly request_id: string
  readonly call_type: string
  readonly api_key: string
  readonly spend: number
  readonly total_tokens: number
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly startTime: string
  readonly endTime: string
  readonly completionStartTime: string | null
  readonly model: string
  readonly model_id: string | null
  readonly model_group: string | null
  readonly custom_llm_provider: string | null
  readonly api_base: string | null
  readonly user: string
  readonly metadata: JsonObject
  readonly request_tags: readonly string[]
  readonly team_id: string | null
  readonly organization_id: string | null
  readonly end_user: string | null
  readonly status: 'success' | 'failure'
  readonly [unserved: string]: Json | undefined
}

/** One day of `/spend/logs` summed up; further members are the hashes of keys with their spend. */
export interface SpendDay {
  /** YYYY-MM-DD */
  readonly startTime: string
  readonly spend: number
  readonly users: Readonly<Record<string, number>>
  readonly models: Readonly<Record<string, number>>
  readonly [keyHash: string]: string | number | Readonly<Record<string, number>>
}
