import { GatewayError } from 'turnpike-core/internal/kernel/faults'

/** A path on this gateway to go on to after signing on. Throws for anything that a browser could take for another place. */
export function returnPath(given: string | null, usual: string): string {
  if (given === null || given === '') return usual
  const plain = /^\/[\x21-\x7e]*$/.test(given) && !/^\/[/\\]/.test(given) && !given.includes('\\')
  if (plain && URL.canParse(given, 'http://here.invalid')) {
    const url = new URL(given, 'http://here.invalid')
    const path = url.pathname + url.search + url.hash
    // dots that were taken out may have left a second slash at the front
    if (url.origin === 'http://here.invalid' && !path.startsWith('//')) return path
  }
  throw new GatewayError('invalid-request', 'return_to must be a path on this gateway, such as /ui/.', {
    param: 'return_to',
    kind: 'bad_request_error',
  })
}
