import { describe, expect, test } from 'bun:test';
import type { FormatName } from './index.ts';
import { json, sse } from './test-support.ts';

describe('the service tier is read in lower case from where each format has it', () => {
  const chat = { object: 'chat.completion', model: 'm', choices: [] };
  const message = { type: 'message', model: 'm', content: [] };
  const gemini = { candidates: [], modelVersion: 'm' };
  const counters = { promptTokenCount: 1 };
  const cases: [format: FormatName, body: object, tier: string | undefined][] = [
    ['openai-chat', { ...chat, service_tier: 'flex' }, 'flex'],
    ['openai-chat', { ...chat, service_tier: null }, undefined],
    ['openai-chat', chat, undefined],
    ['openai-responses', { object: 'response', output: [], service_tier: 'Priority' }, 'priority'],
    ['anthropic-messages', { ...message, usage: { input_tokens: 1, service_tier: 'batch' } }, 'batch'],
    ['anthropic-messages', { ...message, usage: { input_tokens: 1, service_tier: 'standard', speed: 'fast' } }, 'fast'],
    ['google-generate', { ...gemini, usageMetadata: { ...counters, serviceTier: 'standard' } }, 'standard'],
    ['google-generate', { ...gemini, usageMetadata: { ...counters, trafficType: 'ON_DEMAND_FLEX' } }, 'on_demand_flex'],
    ['bedrock-converse', { output: { message: { content: [] } }, serviceTier: { type: 'flex' } }, 'flex'],
  ];
  for (const [format, body, tier] of cases) {
    test(`${format}: ${tier ?? 'none'}`, () => expect(json(format, body).extra.service_tier).toBe(tier));
  }

  test('a name that goes on for ever is cut', () => {
    expect(String(json('openai-chat', { ...chat, service_tier: 'x'.repeat(1000) }).extra.service_tier)).toHaveLength(
      64,
    );
  });
});

describe('in a stream the last word counts', () => {
  test('responses begin with what was asked for', () => {
    const response = (service_tier: string) => ({ id: 'r', status: 'completed', service_tier });
    const created = { type: 'response.created', response: response('auto') };
    const completed = { type: 'response.completed', response: response('default') };
    expect(sse('openai-responses', created, completed).extra.service_tier).toBe('default');
  });
  test('chat chunks repeat it', () => {
    const chunk = { object: 'chat.completion.chunk', choices: [], service_tier: 'priority' };
    expect(sse('openai-chat', chunk, { ...chunk, service_tier: null }).extra.service_tier).toBe('priority');
  });
  test('messages say it at the start', () => {
    const start = {
      type: 'message_start',
      message: { model: 'm', usage: { input_tokens: 1, service_tier: 'standard' } },
    };
    const delta = { type: 'message_delta', delta: {}, usage: { output_tokens: 1 } };
    expect(sse('anthropic-messages', start, delta).extra.service_tier).toBe('standard');
  });
});
