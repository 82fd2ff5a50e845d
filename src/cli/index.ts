// The command line as a function: arguments and streams in, exit code out.
export type { Io, Sink } from "./output.ts";
export { processIo } from "./process-io.ts";
export { runCommandLine } from "./program.ts";
