// The outside world of a command whose output no test reads.
import type { Io } from "../src/cli/output.ts";

/** Writes nothing, knows no environment, and stands still. */
export function silentIo(cwd = "/"): Io {
  const sink = { write: (): void => {} };
  return { stdout: sink, stderr: sink, env: {}, cwd, now: () => 0 };
}
