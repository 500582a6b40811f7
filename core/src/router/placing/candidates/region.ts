/** Regions of AWS in the European Union: https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html */
const aws = ['eu-central-1', 'eu-west-1', 'eu-west-3', 'eu-north-1', 'eu-south-1', 'eu-south-2']

/** Regions of Google Cloud in the European Union: https://cloud.google.com/compute/docs/regions-zones */
const google = [
  ...['europe-central2', 'europe-north1', 'europe-southwest1', 'europe-west1', 'europe-west3', 'europe-west4'],
  ...['europe-west8', 'europe-west9', 'europe-west10', 'europe-west12'],
]

/** Regions of Azure in the European Union: https://learn.microsoft.com/en-us/azure/reliability/regions-list */
const azure = [
  ...['westeurope', 'northeurope', 'francecentral', 'francesouth', 'germanywestcentral', 'germanynorth'],
  ...['swedencentral', 'italynorth', 'polandcentral', 'spaincentral', 'austriaeast', 'belgiumcentral'],
]

const union: ReadonlySet<string> = new Set(['eu', ...aws, ...google, ...azure])

/** `us`, `us-east-1`, `us-central1`, `eastus2`, `southcentralus` */
const states = /^(?:us|us-.+|(?:north|south|west|east|central)+us\d*)$/

/** Whether a deployment's region lies where its caller may be served. One whose region is not known does not. */
export function isWithin(region: string | undefined, allowed: string): boolean {
  const place = region?.toLowerCase()
  const area = allowed.toLowerCase()
  if (place === undefined) return false
  if (place === area) return true
  if (area === 'eu') return union.has(place)
  return area === 'us' && states.test(place)
}
