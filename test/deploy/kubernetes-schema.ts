import { Deployment } from 'kubernetes-models/apps/v1'
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { ConfigMap, Service } from 'kubernetes-models/v1'
import ts from 'typescript'
import { ROOT } from '../helpers/root.ts'
import type { Manifest } from './manifests.ts'

type Model = new (manifest: never) => { validate: () => void }

/** The JSON schemas of Kubernetes, compiled. */
const MODELS: Readonly<Record<string, Model>> = {
  'apps/v1 Deployment': Deployment,
  'autoscaling/v2 HorizontalPodAutoscaler': HorizontalPodAutoscaler,
  'policy/v1 PodDisruptionBudget': PodDisruptionBudget,
  'v1 ConfigMap': ConfigMap,
  'v1 Service': Service
}

/** @returns what the published JSON schema of its kind has against a manifest */
export function schemaProblems (manifest: Manifest): string[] {
  const { apiVersion, kind } = manifest
  const Kind = MODELS[`${apiVersion} ${kind}`]
  if (Kind === undefined) return [`there is no ${kind} in ${apiVersion}`]
  try {
    new Kind(manifest as never).validate()
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}

/**
 * The schemas allow unknown fields: a mistyped name would go unnoticed. The types that are made of
 * the same specification do not.
 *
 * @returns what the compiler has against manifests
 */
export function fieldProblems (manifests: readonly Manifest[]): string[] {
  const name = `${ROOT}/test/deploy/virtual-manifests.ts`
  const text = manifests.map(({ apiVersion, kind, ...rest }, index) =>
    `import type { ${kind} as Kind${index} } from 'kubernetes-types/${apiVersion === 'v1' ? 'core/v1' : apiVersion}'
    export const manifest${index}: Kind${index} = ${JSON.stringify({ apiVersion, kind, ...rest })}`).join('\n')
  const options: ts.CompilerOptions = {
    strict: true, noEmit: true, skipLibCheck: true, types: [], lib: ['lib.es2023.d.ts'], module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler
  }
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists } = host
  host.fileExists = (path) => path === name || fileExists.call(host, path)
  host.getSourceFile = (path, ...rest) => path === name
    ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022)
    : getSourceFile.call(host, path, ...rest)
  return ts.getPreEmitDiagnostics(ts.createProgram([name], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}
