/** What is wrong with a root URL; undefined when nothing is. It is not repeated: it may hold a password. */
export function faultOfBase(given: string): string | undefined {
  if (!URL.canParse(given)) return 'must be a URL such as https://api.example.com/v1'
  const { protocol, username, password } = new URL(given)
  if (!/^https?:$/.test(protocol)) return 'must begin with https:// or http://'
  return username === '' && password === ''
    ? undefined
    : 'must not hold a user name or password: give the key as `api_key`'
}
