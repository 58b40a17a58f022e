import type { Container, PodSpec } from 'kubernetes-types/core/v1.d.ts'
import t from 'tap'
import { CHECKS, problems } from './kubernetes-problems.ts'
import { fieldProblems, schemaProblems } from './kubernetes-schema.ts'
import { manifestFiles, readKustomization, readManifests, type Manifest, type Manifests } from './manifests.ts'

function listOf (manifests: Manifests): Manifest[] {
  return Object.values(manifests) as unknown as Manifest[]
}

for (const manifest of listOf(readManifests())) {
  await t.test(`the ${manifest.kind} is valid by the JSON schema of Kubernetes`, async (t) => {
    t.strictSame(schemaProblems(manifest), [])
  })
}

await t.test('the manifests have no fields that Kubernetes does not know', async (t) => {
  t.strictSame(fieldProblems(listOf(readManifests())), [])
})

await t.test('what the manifests say fits together', async (t) => {
  t.strictSame(problems(readManifests()), [])
})

await t.test('the kustomization takes all manifests, and gives the image of the Deployment a name', async (t) => {
  const { apiVersion, kind, resources, images } = readKustomization()

  t.equal(`${apiVersion} ${kind}`, 'kustomize.config.k8s.io/v1beta1 Kustomization')
  t.strictSame([...resources].sort(), manifestFiles().sort())
  t.strictSame(images.map(({ name }) => name), [containerOf(readManifests()).image])
})

function podOf ({ deployment }: Manifests): PodSpec {
  return deployment.spec?.template.spec as PodSpec
}

function containerOf (manifests: Manifests): Container {
  return podOf(manifests).containers[0] as Container
}

function setEnv (manifests: Manifests, name: string, value: string): void {
  const { env = [] } = containerOf(manifests)
  const found = env.find((variable) => variable.name === name)
  if (found === undefined) env.push({ name, value })
  else found.value = value
}

const INVALID: Readonly<Record<string, (manifests: Manifests) => void>> = {
  'text in the place of a number': ({ deployment }) => { Object.assign(deployment.spec!, { revisionHistoryLimit: 'five' }) },
  'no selector': ({ deployment }) => { delete (deployment.spec as { selector?: unknown }).selector },
  'a container without a name': (manifests) => { delete (containerOf(manifests) as { name?: unknown }).name },
  'an environment variable that is a number': (manifests) => { Object.assign(containerOf(manifests).env![0]!, { value: 3000 }) },
  'no target of the autoscaler': ({ horizontalPodAutoscaler }) => { delete (horizontalPodAutoscaler.spec as { scaleTargetRef?: unknown }).scaleTargetRef },
  'a Service without a port': ({ service }) => { delete (service.spec!.ports![0] as { port?: unknown }).port },
  'a version that there is not': ({ podDisruptionBudget }) => { Object.assign(podDisruptionBudget, { apiVersion: 'policy/v3' }) }
}

for (const [what, breakIt] of Object.entries(INVALID)) {
  await t.test(`the schema refuses ${what}`, async (t) => {
    const manifests = readManifests()
    breakIt(manifests)

    t.equal(listOf(manifests).flatMap(schemaProblems).length, 1)
  })
}

await t.test('a mistyped field is found', async (t) => {
  const manifests = readManifests()
  Object.assign(containerOf(manifests), { readynessProbe: containerOf(manifests).readinessProbe })

  t.match(fieldProblems(listOf(manifests)).join('\n'), 'readynessProbe')
})

const BROKEN: ReadonlyArray<readonly [rule: string, breakIt: (manifests: Manifests) => void]> = [
  ['the grace period is longer than STOP_DELAY_MS and STOP_TIMEOUT_MS together', (all) => { podOf(all).terminationGracePeriodSeconds = 40 }],
  ['the grace period is longer than STOP_DELAY_MS and STOP_TIMEOUT_MS together', (all) => { delete podOf(all).terminationGracePeriodSeconds }],
  ['the grace period is longer than STOP_DELAY_MS and STOP_TIMEOUT_MS together', (all) => { setEnv(all, 'STOP_DELAY_MS', '15000') }],
  ['the stop settings are in the environment, where no reload changes them', (all) => {
    containerOf(all).env = containerOf(all).env!.filter(({ name }) => name !== 'STOP_TIMEOUT_MS')
  }],
  ['a pod that is terminated serves on until everybody looks away', (all) => { setEnv(all, 'STOP_DELAY_MS', '0') }],
  ['the ConfigMap has settings, and none that a reload cannot change or the environment has', ({ configMap }) => { configMap.data = { 'baton.env': 'MAX_SURGES=2' } }],
  ['the ConfigMap has settings, and none that a reload cannot change or the environment has', ({ configMap }) => { configMap.data = { 'baton.env': 'PID_FILE=/run/baton/pid' } }],
  ['the ConfigMap has settings, and none that a reload cannot change or the environment has', ({ configMap }) => { configMap.data = { 'baton.env': 'STOP_DELAY_MS=1' } }],
  ['the environment has settings only', (all) => { setEnv(all, 'STOP_TIME_OUT_MS', '1') }],
  ['ENV_FILE is in the ConfigMap, whose folder is mounted whole', (all) => { setEnv(all, 'ENV_FILE', '/etc/baton/.env') }],
  ['ENV_FILE is in the ConfigMap, whose folder is mounted whole', (all) => { all.configMap.metadata!.name = 'other' }],
  ['ENV_FILE is in the ConfigMap, whose folder is mounted whole', (all) => { containerOf(all).volumeMounts![0]!.subPath = 'baton.env' }],
  ['the control socket is in a folder that can be written', (all) => { setEnv(all, 'CONTROL_SOCKET', '/etc/baton/control.sock') }],
  ['the control socket is in a folder that can be written', (all) => { containerOf(all).volumeMounts![1]!.readOnly = true }],
  ['each volume is mounted, and each mount has a volume', (all) => { podOf(all).volumes!.push({ name: 'more', emptyDir: {} }) }],
  ['the service is reached from outside of the pod', (all) => { setEnv(all, 'METRICS_HOST', '127.0.0.1') }],
  ['the ports are the ones that it listens on', (all) => { setEnv(all, 'PORT', '8080') }],
  ['metrics are scraped where they are', (all) => { all.deployment.spec!.template.metadata!.annotations!['prometheus.io/port'] = '3000' }],
  ['the probes ask the health routes', (all) => { setEnv(all, 'HEALTH_PREFIX', '/status') }],
  ['the probes ask the health routes', (all) => { containerOf(all).livenessProbe!.httpGet!.path = '/health/ready' }],
  ['the probes ask the health routes', (all) => { delete containerOf(all).startupProbe!.httpGet }],
  ['a start may take as long as START_TIMEOUT_MS', (all) => { containerOf(all).startupProbe!.failureThreshold = 15 }],
  ['a pod is replaced before it is terminated', ({ deployment }) => { deployment.spec!.strategy!.rollingUpdate!.maxUnavailable = 1 }],
  ['a pod is replaced before it is terminated', ({ deployment }) => { deployment.spec!.strategy!.rollingUpdate!.maxSurge = 0 }],
  ['the autoscaler has the number of replicas', ({ deployment }) => { deployment.spec!.replicas = 2 }],
  ['the autoscaler scales the Deployment, whose CPU request it needs', ({ horizontalPodAutoscaler }) => { horizontalPodAutoscaler.spec!.scaleTargetRef.name = 'other' }],
  ['the autoscaler scales the Deployment, whose CPU request it needs', (all) => { delete containerOf(all).resources!.requests!.cpu }],
  ['every selector finds the pods', ({ service }) => { service.spec!.selector = { app: 'baton' } }],
  ['every selector finds the pods', ({ podDisruptionBudget }) => { podDisruptionBudget.spec!.selector!.matchLabels = {} }],
  ['every selector finds the pods', (all) => { podOf(all).topologySpreadConstraints![0]!.labelSelector = { matchLabels: { app: 'baton' } } }],
  ['a drain of a node takes one pod at a time, and is not blocked', ({ podDisruptionBudget }) => { podDisruptionBudget.spec!.maxUnavailable = 0 }],
  ['the Service leads to a port of the pod', ({ service }) => { service.spec!.ports![0]!.targetPort = 'web' }],
  ['the pod has the rights that it needs, and no others', (all) => { podOf(all).automountServiceAccountToken = true }],
  ['the pod has the rights that it needs, and no others', (all) => { containerOf(all).securityContext!.capabilities = { drop: [] } }],
  ['memory and CPU are limited, at whole CPUs', (all) => { containerOf(all).resources!.requests!.memory = '1024Mi' }],
  ['all processes of a reload fit into the memory', (all) => { setEnv(all, 'MAX_DRAINING', '4') }]
]

for (const [index, [rule, breakIt]] of BROKEN.entries()) {
  await t.test(`manifests are refused by the rule: ${rule} (breach ${index + 1})`, async (t) => {
    const manifests = readManifests()
    breakIt(manifests)

    t.ok(problems(manifests).includes(rule))
  })
}

await t.test('each rule is seen to refuse something', async (t) => {
  t.strictSame([...new Set(BROKEN.map(([rule]) => rule))], Object.keys(CHECKS))
})
