/** The body that creates a gateway: the settings that the API asks for, logging on, everything else off. */
export function gatewayBody(id: string, settings: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id,
    cache_invalidate_on_update: false,
    cache_ttl: null,
    collect_logs: true,
    rate_limiting_interval: null,
    rate_limiting_limit: null,
    ...settings,
  };
}
