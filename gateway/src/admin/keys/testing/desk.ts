import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type HouseOptions, type TestHouse, testHouse } from '../../../../../tests/house.ts'
import type { House } from '../../../house.ts'
import type { VirtualKey } from '../../../vocabulary/principal.ts'
import type { Organization, Team, TeamMember, User } from '../../../vocabulary/tenants.ts'

/** An answer of the management API. */
export interface Answer {
  readonly status: number
  // what a test looks at is said by the test
  readonly body: Record<string, unknown>
  /** its error, where it is one */
  readonly error: { readonly message?: string; readonly type?: string; readonly param?: string }
}

/** A whole gateway whose clock stands still, and short words for asking it. */
export interface Desk {
  readonly clock: { now: number }
  readonly test: TestHouse
  readonly house: House
  /** `POST /key/update`; by the master unless a key is given */
  ask(what: string, body?: unknown, how?: How): Promise<Answer>
  /** the same, when it was done: its body */
  done(what: string, body?: unknown, how?: How): Promise<Record<string, unknown>>
  generate(body?: object, how?: How): Promise<Record<string, unknown>>
  /** what is inside for a secret */
  keyOf(secret: unknown): Promise<VirtualKey>
  /** asks a model; the status */
  chat(key: unknown, model?: string): Promise<number>
  user(changes?: Partial<User>): Promise<User>
  team(changes?: Partial<Team>, members?: Readonly<Record<string, TeamMember['role']>>): Promise<Team>
  organization(changes?: Partial<Organization>, admins?: readonly string[]): Promise<Organization>
  /** what the audit trail says of a key, oldest first */
  trail(hash: unknown): Promise<readonly string[]>
  close(): Promise<void>
}

export interface How {
  readonly by?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** a body as text */
  readonly text?: string
}

export async function openDesk(options: HouseOptions = {}): Promise<Desk> {
  const clock = { now: Date.UTC(2026, 10, 22, 12) }
  const test = await testHouse({ ...options, outside: { now: () => clock.now, ...options.outside } })
  const { house } = test.gateway
  const { store } = house
  let count = 0
  const row = <T>(value: T) => ({ value, extra: {}, createdAt: 0, createdBy: 'test', updatedAt: 0, updatedBy: 'test' })
  const id = (kind: string) => `${kind}-${++count}`

  async function ask(
    what: string,
    body: unknown = {},
    { by = test.master, headers = {}, text }: How = {},
  ): Promise<Answer> {
    const [method = '', path = ''] = what.split(' ')
    const response = await fetch(test.url + path, {
      method,
      headers: { authorization: `Bearer ${by}`, 'content-type': 'application/json', ...headers },
      ...(method !== 'GET' && { body: text ?? JSON.stringify(body) }),
    })
    const answer = (await response.json()) as Record<string, unknown>
    return { status: response.status, body: answer, error: (answer.error ?? {}) as Answer['error'] }
  }

  async function done(what: string, body?: unknown, how?: How): Promise<Record<string, unknown>> {
    const answer = await ask(what, body, how)
    if (answer.status !== 200) throw new Error(`${what}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  return {
    clock,
    test,
    house,
    ask,
    done,
    generate: (body = {}, how = {}) => done('POST /key/generate', body, how),
    async keyOf(secret) {
      const principal = await house.access.identify({ secret: String(secret), headers: new Headers() })
      if (principal.kind !== 'key') throw new Error('not a key')
      return principal.key
    },
    async chat(key, model = 'gpt') {
      const body: JsonObject = { model, messages: [{ role: 'user', content: 'Hi' }], max_tokens: 5 }
      const { status } = await ask('POST /v1/chat/completions', body, { by: key })
      return status
    },
    async user(changes = {}) {
      const user: User = {
        id: id('user'),
        role: 'internal_user',
        models: ['all-proxy-models'],
        blocked: false,
        metadata: {},
        ...changes,
      }
      await store.users.insert(row(user))
      return user
    },
    async team(changes = {}, members = {}) {
      const empty = {
        models: ['all-proxy-models'],
        modelAliases: {},
        blocked: false,
        memberPermissions: [],
        metadata: {},
      }
      const team: Team = { id: id('team'), ...empty, ...changes }
      await store.teams.insert(row(team))
      for (const [userId, role] of Object.entries(members))
        await store.teamMembers.insert(row({ id: `${team.id}:${userId}`, teamId: team.id, userId, role }))
      return team
    },
    async organization(changes = {}, admins = []) {
      const organization: Organization = { id: id('org'), models: ['all-proxy-models'], metadata: {}, ...changes }
      await store.organizations.insert(row(organization))
      for (const userId of admins)
        await store.organizationMembers.insert(
          row({
            id: `${organization.id}:${userId}`,
            organizationId: organization.id,
            userId,
            role: 'org_admin' as const,
          }),
        )
      return organization
    },
    async trail(hash) {
      const { rows } = await store.audit.list({ objectId: String(hash), limit: 100 })
      return rows.map(({ action, changedBy }) => `${action} by ${changedBy}`)
    },
    close: () => test.close(),
  }
}
