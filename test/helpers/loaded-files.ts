import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'

/** Files that a file loads without an import of them: programs that it starts, paths that it puts together. */
export type Starts = Readonly<Record<string, readonly string[]>>

/**
 * Finds the source files that no test loads: by imports, of values and not only of types, or as a
 * program, however many files lie in between.
 *
 * @param root folder with `src` and `test`
 * @returns their paths from there; without files of nothing but types, which nobody can load
 */
export function unloadedFiles (root: string, starts: Starts = {}): string[] {
  const loaded = new Set<string>()
  const load = (file: string): void => {
    if (loaded.has(file) || !existsSync(join(root, file))) return
    loaded.add(file)
    const imported = importsOf(compile(join(root, file)))
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => join(dirname(file), specifier))
    for (const next of [...imported, ...starts[file] ?? []]) load(next)
  }

  for (const file of filesBelow(root, 'test')) if (file.endsWith('.test.ts')) load(file)
  return filesBelow(root, 'src').filter((file) => !loaded.has(file) && hasCode(compile(join(root, file))))
}

/** @returns what is left at run time: no types, no imports of types, no comments */
function compile (path: string): string {
  return ts.transpileModule(readFileSync(path, 'utf8'), {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      moduleDetection: ts.ModuleDetectionKind.Force,
      target: ts.ScriptTarget.ESNext,
      verbatimModuleSyntax: true,
      removeComments: true
    }
  }).outputText
}

function hasCode (compiled: string): boolean {
  return compiled.replace('export {};', '').trim() !== ''
}

/** Static imports, exports from elsewhere, and dynamic imports of a literal. */
function importsOf (compiled: string): string[] {
  return ts.preProcessFile(compiled).importedFiles.map(({ fileName }) => fileName)
}

function filesBelow (root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
}
