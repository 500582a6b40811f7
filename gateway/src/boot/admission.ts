import type { Admission } from '../admission/admission.ts'
import { createAdmission } from '../admission/create-admission.ts'
import { periodAt } from '../admission/periods.ts'
import type { Config } from '../config/config.ts'
import type { Shared } from '../shared/shared.ts'

interface AdmissionPorts {
  readonly config: Config
  readonly shared: Shared
  readonly now: () => number
  readonly log: (line: string) => void
}

/** The admission of the moment, under one name, and how it is followed by another. What is set aside is in the shared part and stays. */
export interface LiveAdmission {
  readonly admission: Admission
  replace(config: Config): void
}

export function openAdmission(ports: AdmissionPorts): LiveAdmission {
  let current = admissionOf(ports)
  return {
    admission: {
      admit: (wanted) => current.admit(wanted),
      claims: (wanted) => current.claims(wanted),
      enter: (wanted) => current.enter(wanted),
      spendOf: (keyHash, budgetDuration) => current.spendOf(keyHash, budgetDuration),
    },
    replace(config) {
      current = admissionOf({ ...ports, config })
    },
  }
}

function admissionOf({ config, shared, now, log }: AdmissionPorts): Admission {
  const { budgets, limits } = config.governance
  return createAdmission({
    shared,
    now,
    alert: (words) => log(`alert: ${words}`),
    periodAt: periodAt(budgets.clock),
    settings: {
      allowUnpriced: config.general.allowUnpriced,
      providers: budgets.providers,
      userBudgetOnTeamKeys: budgets.userBudgetOnTeamKeys,
      maxParallelRequests: limits.keyParallelRequests,
      proxy: {
        ...(budgets.gateway && { maxBudget: budgets.gateway.maxBudget }),
        ...(budgets.gateway?.duration !== undefined && { budgetDuration: budgets.gateway.duration }),
        ...(limits.parallelRequests !== undefined && { maxParallelRequests: limits.parallelRequests }),
      },
    },
  })
}
