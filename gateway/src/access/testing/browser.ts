/** A browser without a screen: it keeps cookies, follows redirects one at a time, and fills in forms. */
export interface Browser {
  readonly cookies: Map<string, string>
  get(url: string): Promise<Response>
  post(url: string, fields: Readonly<Record<string, string>>): Promise<Response>
}

export function createBrowser(ask: (url: string, init: RequestInit) => Promise<Response>): Browser {
  const cookies = new Map<string, string>()

  async function send(url: string, init: RequestInit): Promise<Response> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(init.headers as Record<string, string>), ...(cookie === '' ? {} : { cookie }) }
    const response = await ask(url, { ...init, redirect: 'manual', headers })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
      if (value === '' || /max-age=0/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }

  return {
    cookies,
    get: (url) => send(url, { method: 'GET' }),
    post: (url, fields) =>
      send(url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(fields).toString(),
      }),
  }
}

/** Logs somebody in at the provider and agrees to everything, until it sends the browser back to `until`; that address. */
export async function agreeAtProvider(browser: Browser, from: string, person: string, until: string): Promise<URL> {
  let url = from
  for (let step = 0; step < 15; step++) {
    if (url.startsWith(until)) return new URL(url)
    const response = await browser.get(url)
    const location = response.headers.get('location')
    if (location !== null) {
      url = new URL(location, url).href
      continue
    }
    const page = await response.text()
    const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1]
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1]
    if (action === undefined || prompt === undefined)
      throw new Error(`no form at ${url}: ${response.status} ${page.slice(0, 300)}`)
    const sent = await browser.post(new URL(action, url).href, { prompt, login: person, password: 'any' })
    url = new URL(sent.headers.get('location') ?? '', url).href
  }
  throw new Error(`never came back to ${until}`)
}
