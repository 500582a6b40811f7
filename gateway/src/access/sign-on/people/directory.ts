import type { Organization, OrganizationMember, Role, Team, TeamMember, User } from '../../../vocabulary/tenants.ts'

/** What is known of a person who is to be found; the first that fits wins, in this order. */
export interface Clue {
  /** the subject under which the identity provider knows the person */
  readonly ssoId?: string | undefined
  readonly id?: string | undefined
  /** an address that the provider vouches for; never finds somebody who is tied to another subject */
  readonly email?: string | undefined
}

/** A person that an identity provider brings. */
export interface Newcomer {
  readonly id: string
  readonly email?: string | undefined
  readonly alias?: string | undefined
  readonly ssoId?: string | undefined
  /** undefined: the default one */
  readonly role?: Role | undefined
}

/** The people and teams that identity providers speak of, in the store. */
export interface Directory {
  findUser(clue: Clue): Promise<User | undefined>
  /** makes the row, or returns the one that another request made meanwhile */
  makeUser(newcomer: Newcomer): Promise<User>
  /** ties a user to a subject, or gives another role; undefined: there is no such user */
  changeUser(
    id: string,
    change: { readonly role?: Role | undefined; readonly ssoId?: string | undefined },
  ): Promise<User | undefined>
  findTeam(by: { readonly id?: string | undefined; readonly alias?: string | undefined }): Promise<Team | undefined>
  makeTeam(team: { readonly id: string; readonly alias?: string | undefined }): Promise<Team>
  findOrganization(by: {
    readonly id?: string | undefined
    readonly alias?: string | undefined
  }): Promise<Organization | undefined>
  memberships(userId: string): Promise<readonly TeamMember[]>
  organizationMemberships(userId: string): Promise<readonly OrganizationMember[]>
  join(teamId: string, userId: string): Promise<void>
  leave(teamId: string, userId: string): Promise<void>
}

/** Something of the directory that was changed, for whoever keeps snapshots. */
export interface Changed {
  readonly kind: 'user' | 'team' | 'member' | 'key' | 'session'
  readonly id: string
}
