import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Deployment } from 'kubernetes-types/apps/v1.d.ts'
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.d.ts'
import type { ConfigMap, Service } from 'kubernetes-types/core/v1.d.ts'
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.d.ts'
import { parse } from 'yaml'
import { ROOT } from '../helpers/root.ts'

export const FOLDER = join(ROOT, 'deploy')
const KUSTOMIZATION = 'kustomization.yaml'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly [field: string]: unknown
}

interface Kustomization extends Manifest {
  readonly resources: readonly string[]
  readonly images: ReadonlyArray<{ readonly name: string }>
}

/** What deploy/kubernetes holds; a test may break a copy of it, so it is deep, and anything in it can change. */
export interface Manifests {
  configMap: ConfigMap
  deployment: Deployment
  service: Service
  podDisruptionBudget: PodDisruptionBudget
  horizontalPodAutoscaler: HorizontalPodAutoscaler
}

export function readYaml<Value> (path: string): Value {
  return parse(readFileSync(`${FOLDER}/${path}`, 'utf8'), { strict: true, uniqueKeys: true }) as Value
}

export function readManifests (): Manifests {
  const read = <Value>(name: string): Value => readYaml<Value>(`kubernetes/${name.toLowerCase()}.yaml`)
  return {
    configMap: read('ConfigMap'),
    deployment: read('Deployment'),
    service: read('Service'),
    podDisruptionBudget: read('PodDisruptionBudget'),
    horizontalPodAutoscaler: read('HorizontalPodAutoscaler')
  }
}

export function readKustomization (): Kustomization {
  return readYaml(`kubernetes/${KUSTOMIZATION}`)
}

/** @returns the names of all other files of deploy/kubernetes */
export function manifestFiles (): string[] {
  return readdirSync(`${FOLDER}/kubernetes`).map((name) => basename(name)).filter((name) => name !== KUSTOMIZATION)
}
