import type { Route } from '../../pipeline/route.ts'
import { row } from '../row.ts'
import { calculatorRoutes } from './calculators/routes.ts'
import { effectiveConfig, reloadConfig } from './configuration.ts'
import { exchange } from './exchange.ts'
import { explain, explainBody } from './explain/explain.ts'
import {
  health,
  healthHistory,
  healthQuery,
  historyQuery,
  latestHealth,
  serviceHealth,
  servicesQuery,
} from './health.ts'

const readers = { policy: 'read-all', groups: [], detail: true } as const

/** Running the gateway: how it is, what it was told, why it does what it does. */
export const operationRoutes: readonly Route[] = [
  ...calculatorRoutes,
  row({
    id: 'health',
    at: 'GET /health',
    policy: 'key',
    groups: ['info_routes'],
    detail: true,
    summary: 'Says how the deployments are that the caller may use, by what requests came to; nobody is called for it.',
    query: healthQuery,
    handle: health,
  }),
  row({
    id: 'health.latest',
    at: 'GET /health/latest',
    ...readers,
    summary: 'Shows the latest that was found of each deployment.',
    handle: latestHealth,
  }),
  row({
    id: 'health.history',
    at: 'GET /health/history',
    ...readers,
    summary: 'Lists what was found of deployments, newest first.',
    query: historyQuery,
    handle: healthHistory,
  }),
  row({
    id: 'health.services',
    at: 'GET /health/services',
    ...readers,
    summary: 'Says how the database, Redis and the journal are.',
    query: servicesQuery,
    handle: serviceHealth,
  }),
  row({
    id: 'config.reload',
    at: 'POST /config/reload',
    policy: 'admin',
    groups: [],
    summary: 'Reads the configuration again; one that cannot be served changes nothing.',
    handle: reloadConfig,
  }),
  row({
    id: 'config.effective',
    at: 'GET /config/effective',
    aliases: ['/admin/config/effective'],
    policy: 'admin',
    groups: [],
    summary: 'Shows what holds, where each value comes from and what it shadows, secrets masked.',
    handle: effectiveConfig,
  }),
  row({
    id: 'request.explain',
    at: 'POST /utils/explain',
    policy: 'key',
    groups: ['info_routes'],
    summary:
      'Says step by step what would become of a call, without sending it: who, which model, what limits, which deployments.',
    body: explainBody,
    handle: explain,
  }),
  row({
    id: 'exchange',
    at: 'GET /exchange/:id',
    policy: 'own-spend',
    groups: ['spend_tracking_routes'],
    summary: 'Shows one request: its row in the ledger, and every deployment that was tried or passed over.',
    handle: exchange,
  }),
]
