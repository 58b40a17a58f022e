import neostandard from 'neostandard'

const projectRules = {
  files: ['**/*.ts'],
  languageOptions: {
    parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname }
  },
  rules: {
    '@typescript-eslint/no-floating-promises': 'error',
    '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
    '@typescript-eslint/consistent-type-imports': 'error',
    // A type and the constant it is made of share a name; the compiler watches the rest.
    '@typescript-eslint/no-redeclare': 'off'
  }
}

/** Whatever the primary loads can never be reloaded: it loads nothing that runs in a worker. */
const processBoundary = {
  files: ['src/primary/**/*.ts', 'src/*.ts', 'src/{config,log,protocol}/**/*.ts'],
  rules: {
    'no-restricted-imports': ['error', {
      patterns: [
        { group: ['**/worker/**', '**/app/**'], message: 'The primary loads no code of the workers: design, section 2.' },
        { group: ['fastify', '@fastify/under-pressure', '@fastify/type-provider-typebox'], message: 'The primary does not serve the application.' }
      ]
    }]
  }
}

/** The control room of the primary is served by Fastify too: its own routes, none of the application's. */
const controlRoom = {
  files: ['src/primary/control/**/*.ts'],
  rules: {
    'no-restricted-imports': ['error', {
      patterns: [{ group: ['**/worker/**', '**/app/**'], message: 'The primary loads no code of the workers: design, section 2.' }]
    }]
  }
}

/** The other side of the same line. */
const workerBoundary = {
  files: ['src/worker/**/*.ts', 'src/app/**/*.ts'],
  rules: {
    'no-restricted-imports': ['error', {
      patterns: [{ group: ['**/primary/**'], message: 'A worker takes no decision about its neighbours.' }]
    }]
  }
}

/** The command is a client of a running service: it loads neither side, and knows types of both. */
const commandBoundary = {
  files: ['src/cli/**/*.ts'],
  rules: {
    '@typescript-eslint/no-restricted-imports': ['error', {
      patterns: [{ group: ['**/primary/**', '**/worker/**', '**/app/**'], allowTypeImports: true, message: 'The command loads no code of the service.' }]
    }]
  }
}

/** Neither side needs the command. */
const noCommandInside = {
  files: ['src/primary/**/*.ts', 'src/worker/**/*.ts', 'src/app/**/*.ts'],
  rules: {
    '@typescript-eslint/no-restricted-imports': ['error', {
      patterns: [{ group: ['**/cli/**'], message: 'The service does not use its own command.' }]
    }]
  }
}

/** Settings have one reader. */
const oneReaderOfTheEnvironment = {
  files: ['src/**/*.ts'],
  ignores: ['src/app/**', 'src/config/config.ts', 'src/protocol/{assignment,control-socket}.ts', 'src/cli/output.ts', 'src/primary/systemd/environment.ts'],
  rules: {
    'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Settings are read by config.ts; other variables by the one file that the lint rule lists for them.' }]
  }
}

export default [
  ...neostandard({ ts: true, ignores: ['dist', 'build', '.tap', 'node_modules', 'test/fixtures/**/broken*'] }),
  projectRules,
  processBoundary,
  controlRoom,
  workerBoundary,
  commandBoundary,
  noCommandInside,
  oneReaderOfTheEnvironment
]
