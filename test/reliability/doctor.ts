import { runHeadgate } from '../support/command.ts';

/** Runs `headgate doctor` on a data directory that no server uses. */
export async function doctor(dataDir: string): Promise<{ code: number; out: string }> {
  const { code, out, err } = await runHeadgate(['doctor'], { cwd: dataDir, env: { HEADGATE_DATA_DIR: dataDir } });
  return { code, out: out + err };
}
