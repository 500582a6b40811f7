import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { Duration, ResetClock } from '../vocabulary/duration.ts'
import type { Role } from '../vocabulary/tenants.ts'

/** Who may, how much, and what is remembered of it, as configured. */
export interface Governance {
  /** where replicas agree; undefined: this process is alone */
  readonly redis: Redis | undefined
  readonly budgets: BudgetRules
  readonly limits: LimitRules
  readonly access: AccessRules
  readonly identity: IdentityRules
  /** what new keys, users and teams get, and may get */
  readonly creation: CreationRules
  /** secret that stored credentials are sealed with: its own, else the configured master key; undefined: neither is given */
  readonly saltKey: string | undefined
  readonly requestLogs: RequestLogRules
  readonly health: HealthRules
}

export interface Redis {
  /** `redis://` or `rediss://`, with user, password and database */
  readonly url: string
  /** what every name in it begins with */
  readonly namespace: string
}

/** So much money, for good or per period. */
export interface SpendCap {
  readonly maxBudget: NanoUsd
  /** as written: `1d`, `1mo` */
  readonly duration?: string | undefined
}

export interface BudgetRules {
  readonly clock: ResetClock
  /** of the whole gateway */
  readonly gateway: SpendCap | undefined
  readonly providers: Readonly<Record<string, SpendCap>>
  readonly tags: Readonly<Record<string, SpendCap>>
  /** the row of `budgets` for customers without one */
  readonly customerBudgetId: string | undefined
  /** whether a team's key is also held to its owner's own budget */
  readonly userBudgetOnTeamKeys: boolean
}

export interface LimitRules {
  /** of each key that has no limit of its own */
  readonly keyParallelRequests: number | undefined
  /** of the whole gateway */
  readonly parallelRequests: number | undefined
  /** which tokens count against limits of tokens */
  readonly countedTokens: 'total' | 'input' | 'output'
}

export interface AccessRules {
  /** addresses and networks (CIDR) that requests may come from; none given: from anywhere */
  readonly allowedIps: readonly string[]
  /** whether a caller's address is the first of `X-Forwarded-For` */
  readonly useForwardedFor: boolean
  /** the only routes or route groups that there are; empty: all */
  readonly allowedRoutes: readonly string[]
  /** need no key */
  readonly publicRoutes: readonly string[]
  readonly adminOnlyRoutes: readonly string[]
  /** members that the body of a model call must have, with dots for a second level */
  readonly enforcedParams: readonly string[]
  /** the same, for keys of service accounts */
  readonly serviceAccountParams: readonly string[]
  /** whether a model call must name its `user` */
  readonly requireUser: boolean
  /** whether tags in a request's body are refused */
  readonly refuseClientTags: boolean
  /** headers, in lower case, that name a customer or an internal user */
  readonly userHeaders: readonly UserHeader[]
  /** how long a snapshot of a key is good */
  readonly keyCacheMs: number
}

export interface UserHeader {
  readonly header: string
  readonly names: 'customer' | 'internal_user'
}

export interface IdentityRules {
  /** undefined: tokens of others are no credentials */
  readonly jwt: JwtRules | undefined
  /** what a role of a token may, where `jwt.enforceRbac` */
  readonly rolePermissions: readonly RolePermission[]
  readonly signOn: readonly SignOnProvider[]
  readonly login: LoginRules
  /** the gateway's own address for people, without a slash at the end */
  readonly publicUrl: string | undefined
  /** lower case; none given: every domain */
  readonly allowedEmailDomains: readonly string[]
  /** user id that is an administrator whatever its row says */
  readonly adminUserId: string | undefined
}

/** Signing in to the dashboard. */
export interface LoginRules {
  readonly username: string
  /** undefined: the master key */
  readonly password: string | undefined
  readonly sessionMs: number
  /** where people are sent after they signed out */
  readonly logoutUrl: string | undefined
}

export interface RolePermission {
  readonly role: string
  /** undefined: it says nothing of them */
  readonly models: readonly string[] | undefined
  readonly routes: readonly string[] | undefined
}

/** Fields of a token are paths of claims, with dots for inner ones. */
export interface JwtRules {
  /** JWKS documents */
  readonly keyUrls: readonly string[]
  readonly keysTtlMs: number
  /** empty: not looked at */
  readonly audiences: readonly string[]
  readonly issuers: readonly string[]
  readonly fields: JwtFields
  readonly adminScope: string
  readonly adminRoutes: readonly string[]
  readonly teamRoutes: readonly string[]
  readonly publicRoutes: readonly string[]
  readonly defaultTeamId: string | undefined
  readonly createTeams: boolean
  readonly createUsers: boolean
  /** rows of users and their teams follow the token */
  readonly syncUsers: boolean
  /** users who signed on join the token's teams */
  readonly joinTeams: boolean
  readonly allowedEmailDomain: string | undefined
  /** roles, one of which a user's token must have; empty: none is asked for */
  readonly allowedUserRoles: readonly string[]
  /** a role of the token → what it stands for in checks */
  readonly roleMappings: readonly { readonly role: string; readonly internalRole: Role }[]
  /** a role of the token → the role in the user's row */
  readonly userRoles: readonly { readonly jwtRole: string; readonly role: Role }[]
  readonly scopeMappings: readonly ScopeMapping[]
  readonly enforceRbac: boolean
  readonly enforceScopes: boolean
  readonly enforceTeamModels: boolean
  /** asks the provider who an opaque token is */
  readonly userinfo: { readonly url: string; readonly cacheMs: number } | undefined
}

export interface JwtFields {
  readonly teamId?: string | undefined
  readonly teamIds?: string | undefined
  readonly teamAlias?: string | undefined
  readonly organizationId?: string | undefined
  readonly organizationAlias?: string | undefined
  readonly userId?: string | undefined
  readonly userEmail?: string | undefined
  readonly userRoles?: string | undefined
  readonly endUserId?: string | undefined
  readonly roles?: string | undefined
  readonly objectId?: string | undefined
}

export interface ScopeMapping {
  readonly scope: string
  readonly models: readonly string[] | undefined
  readonly routes: readonly string[] | undefined
}

/** An identity provider that people sign on with. All three are OpenID Connect; the endpoints of the named ones are filled in. */
export interface SignOnProvider {
  readonly kind: 'google' | 'microsoft' | 'generic'
  readonly clientId: string
  readonly clientSecret: string | undefined
  /** who signs the ID tokens; undefined: not known beforehand */
  readonly issuer: string | undefined
  readonly authorizationUrl: string
  readonly tokenUrl: string
  readonly userinfoUrl: string
  readonly scope: string
  readonly usePkce: boolean
  /** members of what the userinfo endpoint says */
  readonly attributes: SignOnAttributes
  readonly roles: SignOnRoles | undefined
}

export interface SignOnAttributes {
  readonly id: string
  readonly email: string
  readonly role: string | undefined
  readonly displayName: string
  readonly firstName: string
  readonly lastName: string
}

/** Roles by groups of the identity provider; the most powerful that fits is taken. */
export interface SignOnRoles {
  readonly groupClaim: string
  readonly groups: Readonly<Partial<Record<Role, readonly string[]>>>
  readonly otherwise: Role | undefined
}

export interface CreationRules {
  /** stands where a new key says nothing */
  readonly keyDefaults: KeyDefaults
  /** a new or changed key may have no more; one that says nothing gets it */
  readonly keyBounds: KeyBounds
  /** who may make keys of a team; undefined: whom their permissions let */
  readonly teamKeys:
    | { readonly memberRoles: readonly ('admin' | 'user')[]; readonly requiredParams: readonly string[] }
    | undefined
  /** who may make keys of their own; undefined: all users */
  readonly personalKeys: { readonly userRoles: readonly Role[]; readonly requiredParams: readonly string[] } | undefined
  /** keys must name a team of their own accord */
  readonly refuseKeysWithoutTeam: boolean
  readonly users: UserDefaults
  readonly teams: TeamDefaults
}

export interface KeyBounds {
  readonly maxBudget?: NanoUsd | undefined
  /** as written; longer ones are refused */
  readonly budgetDuration?: string | undefined
  readonly duration?: string | undefined
  readonly maxParallelRequests?: number | undefined
  readonly rpmLimit?: number | undefined
  readonly tpmLimit?: number | undefined
}

export interface KeyDefaults extends KeyBounds {
  readonly softBudget?: NanoUsd | undefined
  readonly models?: readonly string[] | undefined
  readonly userId?: string | undefined
  readonly teamId?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

export interface UserDefaults {
  /** undefined: what their kind of creation says */
  readonly role: Role | undefined
  readonly maxBudget?: NanoUsd | undefined
  readonly budgetDuration?: string | undefined
  readonly rpmLimit?: number | undefined
  readonly tpmLimit?: number | undefined
  /** undefined: they say nothing */
  readonly models?: readonly string[] | undefined
  readonly teams: readonly UserTeam[]
}

/** A team that every new user joins. */
export interface UserTeam {
  readonly teamId: string
  readonly maxBudget?: NanoUsd | undefined
  readonly role: 'admin' | 'user'
}

export interface TeamDefaults {
  readonly maxBudget?: NanoUsd | undefined
  readonly budgetDuration?: string | undefined
  readonly rpmLimit?: number | undefined
  readonly tpmLimit?: number | undefined
  readonly models?: readonly string[] | undefined
  readonly memberPermissions?: readonly string[] | undefined
}

export interface RequestLogRules {
  readonly enabled: boolean
  /** whether what was asked and answered is kept with it */
  readonly storePrompts: boolean
  /** undefined: for good */
  readonly keepFor: Duration | undefined
}

export interface HealthRules {
  /** whether deployments are asked for a sign of life by themselves; else only what callers see is told */
  readonly background: boolean
  readonly intervalMs: number
  /** whether what is told of a deployment is more than its model */
  readonly details: boolean
}
