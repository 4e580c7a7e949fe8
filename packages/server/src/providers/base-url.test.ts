import { describe, expect, test } from 'bun:test';
import { problemOf, targetOf } from './testing.ts';

describe('variables of a replaced base are filled in, unmentioned ones dropped', () => {
  const ROWS: readonly (readonly [gatewayPath: string, baseUrl: string, url: string])[] = [
    ['workers-ai/@cf/m/x', 'http://m/{account}/ai', 'http://m/acc-1/ai/run/@cf/m/x'],
    ['openai/chat/completions', 'http://m/{account}', 'http://m/acc-1/chat/completions'],
    ['azure-openai/res/dep/embeddings', 'http://m/{resource}/{deployment}', 'http://m/res/dep/embeddings'],
    ['azure-openai/res/dep/embeddings', 'http://{resource}.m', 'http://res.m/embeddings'],
    ['azure/res/anthropic/v1/messages', 'http://m/{resource}/', 'http://m/res/anthropic/v1/messages'],
    [
      'aws-bedrock/bedrock-runtime/us-east-1/model/x/converse',
      'http://m/{service}/{region}',
      'http://m/bedrock-runtime/us-east-1/model/x/converse',
    ],
    ['google-vertex-ai/v1/projects/p/locations/eu/x', 'http://m/{region}', 'http://m/eu/v1/projects/p/locations/eu/x'],
    ['google-vertex-ai/v1/publishers/google/x', 'http://m/{region}', 'http://m/global/v1/publishers/google/x'],
    ['baseten/model/abc', 'http://m/{model}', 'http://m/abc/production/predict'],
  ];
  for (const [gatewayPath, baseUrl, url] of ROWS) {
    test(`${gatewayPath} on ${baseUrl}`, () => {
      expect(targetOf(gatewayPath, { baseUrl }).url).toBe(url);
    });
  }

  test('a variable that the path does not name is a problem', () => {
    expect(problemOf('baseten/v1/chat/completions', { baseUrl: 'http://m/{model}' })).toContain('{model}');
    expect(problemOf('openai/chat/completions', { baseUrl: 'http://m/{region}' })).toContain('{region}');
  });
});

describe('a path cannot smuggle a host in through a variable', () => {
  const HOSTILE = ['evil.com', 'evil.com%2f', 'a@evil.com', 'evil.com:443', '%65vil', 'a%23', 'a_b', '-', 'a-', 'é'];
  const PATHS: readonly ((value: string) => string)[] = [
    (value) => `azure-openai/${value}/dep/chat/completions`,
    (value) => `azure/${value}/anthropic/v1/messages`,
    (value) => `aws-bedrock/bedrock-runtime/${value}/model/m/converse`,
    (value) => `aws-bedrock/bedrock-mantle/${value}/anthropic/v1/messages`,
    (value) => `google-vertex-ai/v1/projects/p/locations/${value}/publishers/google/models/m:generateContent`,
    (value) => `baseten/model/${value}`,
  ];
  for (const path of PATHS) {
    for (const value of HOSTILE) {
      test(path(value), () => {
        expect(problemOf(path(value))).not.toBeNull();
        // Refused alike where the base does not mention the variable.
        expect(problemOf(path(value), { baseUrl: 'http://m' })).not.toBeNull();
      });
    }
  }

  test('an Azure deployment is a plain name', () => {
    expect(problemOf('azure-openai/res/a%2Fb/chat/completions')).toContain('deployment');
    expect(problemOf('azure-openai/res/a@b/chat/completions')).toContain('deployment');
  });

  test('an account id is a plain name', () => {
    expect(problemOf('workers-ai/@cf/m', { accountId: '../x' })).toContain('account');
  });
});

describe('paths that lack a required part say what they should look like', () => {
  const ROWS: readonly (readonly [gatewayPath: string, problem: string])[] = [
    ['azure-openai', '{resource}/{deployment}/{path}'],
    ['azure-openai/res', '{resource}/{deployment}/{path}'],
    ['azure', '{resource}/{path}'],
    ['aws-bedrock', '{service}/{region}/{path}'],
    ['aws-bedrock/bedrock-runtime', '{service}/{region}/{path}'],
    ['aws-bedrock/s3/us-east-1/x', 'bedrock-runtime, bedrock-mantle'],
  ];
  for (const [gatewayPath, problem] of ROWS) {
    test(gatewayPath, () => {
      expect(problemOf(gatewayPath)).toContain(problem);
    });
  }
});
