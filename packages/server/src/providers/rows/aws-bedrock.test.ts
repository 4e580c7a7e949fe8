import { describe, expect, test } from 'bun:test';
import { targetOf } from '../testing.ts';

const MESSAGES = 'aws-bedrock/bedrock-mantle/us-east-1/anthropic/v1/messages';

describe('mantle’s Anthropic surface takes a Bedrock API key as x-api-key', () => {
  test('a bearer is moved', () => {
    const headers = { authorization: 'Bearer bedrock-api-key-abc=' };
    expect(targetOf(MESSAGES, { headers }).headers).toEqual({
      'x-api-key': 'bedrock-api-key-abc=',
      authorization: null,
    });
  });

  test('a client’s signature stays', () => {
    const authorization =
      'AWS4-HMAC-SHA256 Credential=AKIA/20261101/us-east-1/bedrock-mantle/aws4_request, SignedHeaders=host, Signature=ab';
    expect(targetOf(MESSAGES, { headers: { authorization } }).headers).toBeUndefined();
  });

  test('no credential, an empty one, and a key in its place already change nothing', () => {
    expect(targetOf(MESSAGES).headers).toBeUndefined();
    expect(targetOf(MESSAGES, { headers: { authorization: 'Bearer ' } }).headers).toBeUndefined();
    expect(targetOf(MESSAGES, { headers: { 'x-api-key': 'k' } }).headers).toBeUndefined();
  });
});

test('elsewhere a bearer stays a bearer', () => {
  const asked = { headers: { authorization: 'Bearer k' } };
  expect(targetOf('aws-bedrock/bedrock-mantle/us-east-1/v1/chat/completions', asked).headers).toBeUndefined();
  expect(targetOf('aws-bedrock/bedrock-runtime/us-east-1/model/m/converse', asked).headers).toBeUndefined();
});
