import { DEFAULT_GATEWAY_SETTINGS, type EndpointName } from '@headgate/contract';

/** A command of a resource: the operation it calls, and where its arguments go. */
export interface Action {
  readonly name: string;
  readonly about: string;
  readonly operation: EndpointName;
  /** Names of path variables and, where the path has none of that name, fields of the body. */
  readonly args?: readonly string[];
  /** Fields of the body that need not be given. */
  readonly defaults?: (body: Readonly<Record<string, unknown>>) => Record<string, unknown>;
  /** Shows the present state: fields that an update requires and that are not given are taken from it. */
  readonly present?: EndpointName;
  /** Columns of a list. */
  readonly columns?: readonly string[];
}

export interface Resource {
  readonly name: string;
  readonly about: string;
  readonly actions: readonly Action[];
}

export const LOG_COLUMNS = [
  'created_at',
  'provider',
  'model',
  'status_code',
  'outcome',
  'duration',
  'tokens_in',
  'tokens_out',
  'cost',
  'id',
];

const get = (operation: EndpointName): Action => ({ name: 'get', about: 'show one', operation, args: ['id'] });
const remove = (operation: EndpointName): Action => ({ name: 'delete', about: 'delete one', operation, args: ['id'] });

/** The commands that talk to a server. `logs tail` and `logs delete` have a file of their own. */
export const RESOURCES: readonly Resource[] = [
  {
    name: 'gateways',
    about: 'gateways and their settings',
    actions: [
      {
        name: 'list',
        about: 'list them',
        operation: 'gateways.list',
        columns: ['id', 'authentication', 'collect_logs', 'cache_ttl', 'rate_limiting_limit', 'modified_at'],
      },
      get('gateways.get'),
      {
        name: 'create',
        about: 'make one',
        operation: 'gateways.create',
        args: ['id'],
        defaults: () => DEFAULT_GATEWAY_SETTINGS,
      },
      {
        name: 'update',
        about: 'change settings; those not named stay',
        operation: 'gateways.update',
        args: ['id'],
        present: 'gateways.get',
      },
      remove('gateways.delete'),
    ],
  },
  {
    name: 'logs',
    about: 'log rows of a gateway',
    actions: [
      { name: 'list', about: 'list them, newest first', operation: 'logs.list', columns: LOG_COLUMNS },
      get('logs.get'),
      { name: 'request', about: 'print the stored request body', operation: 'logs.request', args: ['id'] },
      { name: 'response', about: 'print the stored response body', operation: 'logs.response', args: ['id'] },
      { name: 'edit', about: 'set feedback, score or metadata', operation: 'logs.edit', args: ['id'] },
    ],
  },
  {
    name: 'routes',
    about: 'dynamic routes, their versions and deployments',
    actions: [
      {
        name: 'list',
        about: 'list them',
        operation: 'dynamicRouting.list',
        columns: ['id', 'name', 'modified_at'],
      },
      get('dynamicRouting.get'),
      {
        name: 'create',
        about: 'make one and deploy it; the file holds its elements',
        operation: 'dynamicRouting.create',
        args: ['name'],
      },
      { name: 'rename', about: 'rename one', operation: 'dynamicRouting.update', args: ['id', 'name'] },
      {
        name: 'versions',
        about: 'list the versions of one',
        operation: 'dynamicRouting.listVersions',
        args: ['id'],
        columns: ['version_id', 'active', 'is_valid', 'created_at'],
      },
      {
        name: 'add-version',
        about: 'add a version, not deployed yet; the file holds its elements',
        operation: 'dynamicRouting.createVersion',
        args: ['id'],
      },
      {
        name: 'deploy',
        about: 'let a version serve the traffic',
        operation: 'dynamicRouting.createDeployment',
        args: ['id', 'version_id'],
      },
      {
        name: 'deployments',
        about: 'list the deployments of one',
        operation: 'dynamicRouting.listDeployments',
        args: ['id'],
        columns: ['deployment_id', 'version_id', 'created_at'],
      },
      remove('dynamicRouting.delete'),
    ],
  },
  {
    name: 'providers',
    about: 'custom providers of the account',
    actions: [
      {
        name: 'list',
        about: 'list them',
        operation: 'customProviders.list',
        columns: ['id', 'slug', 'name', 'base_url', 'enable'],
      },
      get('customProviders.get'),
      {
        name: 'create',
        about: 'make one; it serves nothing until it is enabled (--set enable=true)',
        operation: 'customProviders.create',
        args: ['slug', 'base_url'],
        defaults: ({ slug }) => ({ name: slug }),
      },
      { name: 'update', about: 'change one', operation: 'customProviders.edit', args: ['id'] },
      remove('customProviders.delete'),
    ],
  },
  {
    name: 'keys',
    about: 'stored provider keys of a gateway',
    actions: [
      {
        name: 'list',
        about: 'list them, masked',
        operation: 'providerConfigs.list',
        columns: ['id', 'provider_slug', 'alias', 'default_config', 'secret_preview', 'modified_at'],
      },
      get('providerConfigs.get'),
      {
        name: 'create',
        about: 'store one; --set secret=@- reads it from standard input',
        operation: 'providerConfigs.create',
        args: ['provider_slug'],
        defaults: () => ({ alias: 'default', default_config: true }),
      },
      { name: 'update', about: 'change one', operation: 'providerConfigs.edit', args: ['id'] },
      remove('providerConfigs.delete'),
    ],
  },
  {
    name: 'prices',
    about: "the account's own prices of models",
    actions: [
      {
        name: 'list',
        about: 'list them',
        operation: 'prices.list',
        columns: ['provider', 'model', 'valid_from', 'valid_until', 'rates', 'version'],
      },
      { name: 'get', about: 'show one', operation: 'prices.get', args: ['provider', 'model'] },
      {
        name: 'set',
        about: 'set one, e.g. --set rates.input=0.0000025; those with another valid_from stay',
        operation: 'prices.set',
        args: ['provider', 'model'],
      },
      { name: 'delete', about: 'delete one', operation: 'prices.delete', args: ['provider', 'model'] },
    ],
  },
  {
    name: 'datasets',
    about: 'datasets: live queries over the logs of a gateway',
    actions: [
      {
        name: 'list',
        about: 'list them',
        operation: 'datasets.list',
        columns: ['id', 'name', 'enable', 'filters', 'modified_at'],
      },
      get('datasets.get'),
      {
        name: 'create',
        about: 'make one',
        operation: 'datasets.create',
        args: ['name'],
        defaults: () => ({ enable: true, filters: [] }),
      },
      {
        name: 'update',
        about: 'change one; fields not named stay',
        operation: 'datasets.update',
        args: ['id'],
        present: 'datasets.get',
      },
      remove('datasets.delete'),
    ],
  },
  {
    name: 'evaluations',
    about: 'evaluations of datasets',
    actions: [
      {
        name: 'list',
        about: 'list them',
        operation: 'evaluations.list',
        columns: ['id', 'name', 'processed', 'total_logs', 'created_at'],
      },
      get('evaluations.get'),
      { name: 'create', about: 'start one', operation: 'evaluations.create', args: ['name'] },
      remove('evaluations.delete'),
    ],
  },
];
