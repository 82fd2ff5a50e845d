// The real process as the command line's surroundings.
import type { Io } from "./output.ts";

/** Streams, environment, folder and clock of this process. A reader that goes away (`| head`) ends it quietly. */
export function processIo(): Io {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      // What a shell reports for a process killed by SIGPIPE would be 141; a closed pager is not a failure.
      process.exit(0);
    });
  }
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    now: () => performance.now(),
  };
}
