import type { Quirk } from '../provider.ts'

/** Writes `user.app.model` as the URL that the vendor wants as a model's name. https://docs.clarifai.com/compute/inference/open-ai */
export const modelAsUrl: Quirk = {
  kind: 'rewrite',
  touches: ['model'],
  effect: 'same',
  why: 'names models by URL',
  body: (body) => {
    const [, user, app, model] = /^([^./]+)\.([^./]+)\.([^/]+)$/.exec(String(body.model)) ?? []
    return user === undefined ? body : { ...body, model: `https://clarifai.com/${user}/${app}/models/${model}` }
  },
}
