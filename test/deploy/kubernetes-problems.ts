import { isDeepStrictEqual, parseEnv } from 'node:util'
import type { Container, PodSpec, Probe } from 'kubernetes-types/core/v1.d.ts'
import { readConfig, type Config } from '../../src/config/config.ts'
import { isFixed, SETTINGS } from '../../src/config/settings.ts'
import type { Manifests } from './manifests.ts'

/** Where the container of a pod gets its settings from, and what they come to. */
interface Settled {
  readonly env: Readonly<Record<string, string>>
  readonly file: Readonly<Record<string, string>>
  readonly config: Config
}

type Check = (manifests: Manifests, pod: PodSpec, container: Container, settled: Settled) => boolean

/** What has to hold between the fields; a schema sees each on its own. */
export const CHECKS: Readonly<Record<string, Check>> = {
  'the grace period is longer than STOP_DELAY_MS and STOP_TIMEOUT_MS together': (_, { terminationGracePeriodSeconds: grace = 30 }, _container, { config }) =>
    grace * 1000 > config.stopDelay + config.stopTimeout,
  'the stop settings are in the environment, where no reload changes them': (_, _pod, _container, { env }) =>
    ['STOP_DELAY_MS', 'STOP_TIMEOUT_MS', 'HEALTH_PREFIX'].every((name) => name in env),
  'a pod that is terminated serves on until everybody looks away': (_, _pod, _container, { config }) => config.stopDelay >= 5000,
  'the ConfigMap has settings, and none that a reload cannot change or the environment has': (_, _pod, _container, { env, file }) =>
    Object.keys(file).every((name) => name in SETTINGS && !isFixed(name) && !(name in env)),
  'the environment has settings only': (_, _pod, _container, { env }) => Object.keys(env).every((name) => name in SETTINGS),
  'ENV_FILE is in the ConfigMap, whose folder is mounted whole': ({ configMap }, { volumes = [] }, { volumeMounts = [] }, { env }) => {
    const volume = volumes.find(({ configMap: source }) => source?.name === configMap.metadata?.name)
    const mount = volumeMounts.find(({ name }) => name === volume?.name)
    return mount?.subPath === undefined && Object.keys(configMap.data ?? {}).some((key) => `${mount?.mountPath}/${key}` === env.ENV_FILE)
  },
  'the control socket is in a folder that can be written': (_, { volumes = [] }, { volumeMounts = [] }, { config }) =>
    volumeMounts.some(({ name, mountPath, readOnly }) => String(config.controlSocket).startsWith(`${mountPath}/`) && readOnly !== true &&
      volumes.some((volume) => volume.name === name && volume.emptyDir !== undefined)),
  'each volume is mounted, and each mount has a volume': (_, { volumes = [] }, { volumeMounts = [] }) =>
    isDeepStrictEqual(volumes.map(({ name }) => name).sort(), volumeMounts.map(({ name }) => name).sort()),
  'the service is reached from outside of the pod': (_, _pod, _container, { config }) => config.host === '0.0.0.0' && config.metrics?.host === '0.0.0.0',
  'the ports are the ones that it listens on': (_, _pod, { ports = [] }, { config }) =>
    isDeepStrictEqual(ports.map(({ name, containerPort }) => [name, containerPort]), [['http', config.port], ['metrics', config.metrics?.port]]),
  'metrics are scraped where they are': ({ deployment }, _pod, _container, { config }) =>
    deployment.spec?.template.metadata?.annotations?.['prometheus.io/port'] === String(config.metrics?.port),
  'the probes ask the health routes': (_, _pod, { startupProbe, livenessProbe, readinessProbe }, { config }) =>
    asks(startupProbe, `${config.healthPrefix}/live`) && asks(livenessProbe, `${config.healthPrefix}/live`) && asks(readinessProbe, `${config.healthPrefix}/ready`),
  'a start may take as long as START_TIMEOUT_MS': (_, _pod, { startupProbe: { failureThreshold = 3, periodSeconds = 10 } = {} }, { config }) =>
    failureThreshold * periodSeconds * 1000 > config.startTimeout,
  'a pod is replaced before it is terminated': ({ deployment: { spec } }) =>
    spec?.strategy?.type === 'RollingUpdate' && spec.strategy.rollingUpdate?.maxUnavailable === 0 && Number(spec.strategy.rollingUpdate.maxSurge) >= 1,
  'the autoscaler has the number of replicas': ({ deployment, horizontalPodAutoscaler: { spec } }) =>
    deployment.spec?.replicas === undefined && Number(spec?.minReplicas) >= 2 && Number(spec?.maxReplicas) > Number(spec?.minReplicas),
  'the autoscaler scales the Deployment, whose CPU request it needs': ({ deployment, horizontalPodAutoscaler: { spec } }, _pod, { resources }) => {
    const { apiVersion, kind, metadata } = deployment
    return isDeepStrictEqual(spec?.scaleTargetRef, { apiVersion, kind, name: metadata?.name }) && resources?.requests?.cpu !== undefined
  },
  'every selector finds the pods': ({ deployment: { spec }, service, podDisruptionBudget }, { topologySpreadConstraints = [] }) => {
    const labels = spec?.template.metadata?.labels ?? {}
    const selectors = [
      spec?.selector.matchLabels, service.spec?.selector, podDisruptionBudget.spec?.selector?.matchLabels,
      ...topologySpreadConstraints.map(({ labelSelector }) => labelSelector?.matchLabels)
    ]
    return selectors.every((selector) => selector !== undefined && Object.keys(selector).length > 0 &&
      Object.entries(selector).every(([name, value]) => labels[name] === value))
  },
  'a drain of a node takes one pod at a time, and is not blocked': ({ podDisruptionBudget: { spec } }) => spec?.maxUnavailable === 1 && spec.minAvailable === undefined,
  'the Service leads to a port of the pod': ({ service }, _pod, { ports = [] }) =>
    (service.spec?.ports ?? []).length > 0 && (service.spec?.ports ?? []).every(({ targetPort }) => ports.some(({ name }) => name === targetPort && name === 'http')),
  'the pod has the rights that it needs, and no others': (_, { securityContext, automountServiceAccountToken, enableServiceLinks }, container) =>
    securityContext?.runAsNonRoot === true && Number(securityContext.runAsUser) > 0 && securityContext.seccompProfile?.type === 'RuntimeDefault' &&
    automountServiceAccountToken === false && enableServiceLinks === false &&
    container.securityContext?.allowPrivilegeEscalation === false && container.securityContext.readOnlyRootFilesystem === true &&
    isDeepStrictEqual(container.securityContext.capabilities, { drop: ['ALL'] }),
  'memory and CPU are limited, at whole CPUs': (_, _pod, { resources }) =>
    Number.isInteger(Number(resources?.limits?.cpu)) && mebibytes(resources?.limits?.memory) >= mebibytes(resources?.requests?.memory),
  'all processes of a reload fit into the memory': (_, _pod, { resources }, { config }) =>
    (Number(resources?.limits?.cpu) + config.maxSurge + config.maxDraining) * WORKER_MEMORY + PRIMARY_MEMORY <= mebibytes(resources?.limits?.memory)
}

/** Mebibytes of the built-in application at rest, and half as much again; docs/scaling.md has them. */
const WORKER_MEMORY = 120
const PRIMARY_MEMORY = 100

/** @returns which of the rules between the manifests do not hold */
export function problems (manifests: Manifests): string[] {
  const pod = manifests.deployment.spec?.template.spec as PodSpec
  const [container] = pod.containers as [Container]
  const env = Object.fromEntries((container.env ?? []).map(({ name, value = '' }) => [name, value]))
  const file = parseEnv(Object.values(manifests.configMap.data ?? {}).join('\n')) as Record<string, string>
  const config = readConfig({ ...file, ...env }, () => Number(container.resources?.limits?.cpu))
  return Object.entries(CHECKS).filter(([, holds]) => !holds(manifests, pod, container, { env, file, config })).map(([rule]) => rule)
}

function asks (probe: Probe | undefined, path: string): boolean {
  return probe?.httpGet?.path === path && probe.httpGet.port === 'http'
}

/** Manifests have no other unit. */
function mebibytes (quantity = 'missing'): number {
  return Number(/^(\d+)Mi$/.exec(quantity)?.[1])
}
