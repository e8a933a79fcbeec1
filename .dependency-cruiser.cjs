/** Folders are exclusive: a file there may import what `may` lists and nothing else. Types leave no import behind. */
const onlyInto = (name, from, may, comment) => ({
  name,
  comment,
  severity: 'error',
  from,
  to: { pathNot: may },
});

/** Folders that may use any package and any Node module, but of our own code only what `may` lists. */
const ownOnly = (name, from, may, comment) => ({
  name,
  comment,
  severity: 'error',
  from,
  to: { path: '^[a-z]+/', pathNot: ['^node_modules/', ...may], dependencyTypes: ['local'] },
});

module.exports = {
  forbidden: [
    onlyInto(
      'domain-is-pure',
      { path: '^domain/' },
      ['^domain/', 'node_modules/@noble/(hashes|curves)/', 'node_modules/zod/'],
      'The rules run in the workflow sandbox, in Node and in the browser: no Node built-in, clock, driver or SDK.',
    ),
    onlyInto(
      'workflows-are-deterministic',
      { path: '^workflows/' },
      ['^workflows/', '^domain/', 'node_modules/@temporalio/(workflow|common)/'],
      'What a workflow imports is in its bundle and is replayed; activities are known to it by their types.',
    ),
    ownOnly(
      'activities-are-handed-their-tools',
      { path: '^activities/' },
      ['^activities/', '^domain/'],
      'Database, storage and TPM are values that the worker hands in.',
    ),
    ownOnly('db-stands-alone', { path: '^db/' }, ['^db/', '^domain/'], 'A driver knows the domain and itself.'),
    ownOnly(
      'storage-stands-alone',
      { path: '^storage/' },
      ['^storage/', '^domain/'],
      'A driver knows the domain and itself.',
    ),
    ownOnly(
      'native-stands-alone',
      { path: '^native/' },
      ['^native/', '^domain/'],
      'A driver knows the domain and itself.',
    ),
    ownOnly(
      'config-stands-alone',
      { path: '^config/' },
      ['^config/', '^domain/'],
      'Configuration is read before anything runs.',
    ),
    ownOnly(
      'api-commands-and-reads',
      { path: '^api/' },
      [
        '^api/',
        '^domain/',
        '^workflows/.*messages\\.ts$',
        '^db/(read|command)/',
        '^db/[a-z-]+\\.ts$',
        '^storage/',
        '^config/',
      ],
      'The door decides by commands and starts processes by their messages; it runs no activity and touches no TPM.',
    ),
    ownOnly(
      'workers-put-together',
      { path: '^workers/' },
      ['^workers/', '^workflows/', '^activities/', '^domain/', '^db/', '^storage/', '^native/', '^config/'],
      'Everything but the API meets here.',
    ),
    ownOnly(
      'clients-speak-http',
      { path: '^(cli|web)/', pathNot: '^cli/break-glass/' },
      ['^cli/', '^web/', '^domain/'],
      'A client reaches the server over HTTP.',
    ),
    ownOnly(
      'break-glass-reaches-the-database',
      { path: '^cli/break-glass/' },
      ['^cli/', '^domain/', '^db/', '^config/'],
      'Break-glass works with the server down.',
    ),
    {
      name: 'nobody-imports-tools',
      comment: 'Scripts, benchmarks and tests may import anything, and nothing rests on them.',
      severity: 'error',
      from: { pathNot: '^(script|bench|test)/|^[^/]+$' },
      to: { path: '^(script|bench|test)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(\\.cache|\\.interlock|coverage|native/tpm/build)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    // What the bundler sees: imports of types alone are gone.
    tsPreCompilationDeps: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json', '.node'],
    },
  },
};
