import { describe, expect, test } from 'bun:test'
import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import { matches, mustEqual, readFilter } from './filter.ts'

const ada = {
  id: 'Ada',
  userName: 'Ada@Example.com',
  displayName: 'Ada "the first" L.',
  active: true,
  name: { familyName: 'Lovelace' },
  emails: [
    { type: 'work', value: 'ada@work.example', primary: true },
    { type: 'home', value: 'ada@home.example' },
  ],
  meta: { lastModified: '2026-01-02T03:04:05Z' },
}

describe('a filter', () => {
  test.each([
    ['userName eq "ada@example.com"', true],
    ['USERNAME EQ "ADA@example.com"', true],
    ['urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ada"', true],
    ['id eq "ada"', false],
    ['id eq "Ada"', true],
    ['userName ne "ada@example.com"', false],
    ['nickName ne "x"', true],
    ['emails.value co "home"', true],
    ['emails co "home"', true],
    ['emails[type eq "work" and value ew "home.example"]', false],
    ['emails[type eq "home" and value ew "home.example"]', true],
    ['name.familyName sw "Love"', true],
    ['displayName eq "Ada \\"the first\\" L."', true],
    ['active eq true', true],
    ['active eq "true"', false],
    ['title pr', false],
    ['title pr or active eq true and userName sw "x"', false],
    ['(title pr or active eq true) and userName sw "a"', true],
    ['not (active eq true)', false],
    ['meta.lastModified gt "2026-01-01T00:00:00Z"', true],
  ])('%s is %p of Ada', (text, expected) => {
    expect(matches(readFilter(text), ada)).toBe(expected)
  })

  test.each(
    [
      '',
      'userName',
      'userName eq',
      'userName is "x"',
      'userName eq x',
      'userName eq "x" and',
      '(userName eq "x"',
      'userName eq "x")',
      'emails[type eq "x"',
      '"x" eq userName',
      'a'.repeat(5000),
      '('.repeat(100),
      'userName toString "x"',
    ].map((text) => [text.slice(0, 30), text]),
  )('%p is refused as no filter', (_, text) => {
    let thrown: unknown
    try {
      readFilter(text)
    } catch (error) {
      thrown = error
    }
    expect(isGatewayError(thrown) && thrown.detail.kind).toBe('invalidFilter')
  })

  test('names what must be equal only where nothing else could match', () => {
    const wanted = (text: string) => mustEqual(readFilter(text), ['username'])
    expect(wanted('userName eq "x" and active eq true')).toBe('x')
    expect(wanted('userName eq "x" or active eq true')).toBeUndefined()
    expect(wanted('not (userName eq "x")')).toBeUndefined()
    expect(wanted('userName co "x"')).toBeUndefined()
  })
})
