/** What is shown instead of a secret: its last four characters where it is long enough to spare them. */
export function mask(secret: string): string {
  return secret.length < 16 ? '********' : `********${secret.slice(-4)}`;
}
