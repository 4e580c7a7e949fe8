/** Import direction (ARCHITECTURE.md, "Layout"). A breach or a cycle fails the check. */
const server = '^packages/server/src';
/** `from` may import, inside the server, only the folders in `to`. */
const only = (from, to) => ({
  name: `${from}-imports-only-${to.join('-') || 'itself'}`,
  severity: 'error',
  from: { path: `${server}/${from}/`, pathNot: '\\.test\\.ts$' },
  to: { path: `${server}/`, pathNot: [from, ...to].map((folder) => `${server}/${folder}`) },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'contract-knows-no-server',
      severity: 'error',
      from: { path: '^packages/contract/' },
      to: { path: '^packages/(server|client)/' },
    },
    {
      name: 'client-knows-only-the-contract',
      severity: 'error',
      from: { path: '^packages/client/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: '^packages/(client|contract)/|^@headgate/contract$|/zod/' },
    },
    only('lib', []),
    only('formats', ['lib']),
    only('providers', ['lib', 'formats']),
    only('sandbox', ['lib']),
    only('pricing', ['lib', 'formats']),
    only('tokens', ['lib', 'pricing/index\\.ts', 'stores/worker-link\\.ts']),
    only('limits', ['lib', 'stores/counter-ports\\.ts']),
    only('gateway', [
      'lib',
      'formats',
      'pricing',
      'providers',
      'limits',
      'tokens/index\\.ts',
      'stores/snapshot-ports\\.ts',
      'stores/log-ports\\.ts',
      'stores/counter-ports\\.ts',
      'stores/cache-ports\\.ts',
    ]),
    only('api', [
      'lib',
      'formats/index\\.ts',
      'providers/index\\.ts',
      'pricing/index\\.ts',
      'evaluators/index\\.ts',
      'stores/snapshot-ports\\.ts',
      'stores/log-ports\\.ts',
      'stores/control-ports\\.ts',
      'stores/cache-ports\\.ts',
    ]),
    only('jobs', [
      'lib',
      'formats/index\\.ts',
      'pricing/index\\.ts',
      'evaluators',
      'stores/log-ports\\.ts',
      'stores/control-ports\\.ts',
    ]),
    only('evaluators', ['lib', 'stores/log-ports\\.ts']),
    only('stores', ['lib', 'formats/index\\.ts']),
    only('http', ['lib', 'gateway', 'api']),
    {
      name: 'a-folder-is-imported-by-its-index',
      severity: 'error',
      from: { path: `${server}/([^/]+)/`, pathNot: '\\.test\\.ts$' },
      to: {
        path: `${server}/(gateway|api|providers|formats|http|lib|jobs|evaluators|sandbox|limits|pricing|tokens)/`,
        pathNot: [`${server}/$1/`, `${server}/[^/]+/index\\.ts$`],
      },
    },
    {
      name: 'no-test-support-in-the-product',
      severity: 'error',
      from: { path: '^packages/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(test|bench)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'node_modules|fixtures|\\.subjects' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.mjs', '.js', '.json'] },
  },
};
