// Jobs: work in processes of its own, a few at a time, so that the crash of one is not a crash of all.
import { fork } from "node:child_process";

/** What a job process runs, and with what. */
export interface JobOptions<Input, Message> {
  /** Script the process runs; it must call `connectJob`. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly cwd: string;
  /** Plain data for the job. */
  readonly input: Input;
  /** Told everything the job sends, in order. */
  readonly onMessage: (message: Message) => void;
}

/** How a job process ended. */
export interface JobEnd {
  /** Exit code, or null when a signal ended it or it never started. */
  readonly code: number | null;
  readonly signal: string | null;
  /** The end of what it wrote on stderr. */
  readonly stderr: string;
}

/** A job process. */
export interface Job {
  readonly pid: number | undefined;
  /** Resolves after the last message; never rejects. */
  readonly ended: Promise<JobEnd>;
  /** Asks it to finish its step and save. */
  stop(): void;
  /** Ends it at once. */
  kill(): void;
}

/** What travels to a job process. */
export type ToJob<Input> = { readonly type: "start"; readonly input: Input } | { readonly type: "stop" };

/** Characters of stderr kept: a crash says what it was in its last lines. */
const KEPT_STDERR = 4000;

/** Starts a job in a process of its own. */
export function startJob<Input, Message>(options: JobOptions<Input, Message>): Job {
  const { script, args = [], cwd, input, onMessage } = options;
  const child = fork(script, [...args], { cwd, stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr = (stderr + chunk).slice(-KEPT_STDERR);
  });
  child.on("message", (message) => onMessage(message as Message));
  const ended = new Promise<JobEnd>((resolve) => {
    // `close` comes after the last message and the last of stderr, unlike `exit`.
    child.on("close", (code, signal) => resolve({ code, signal, stderr: stderr.trim() }));
    child.on("error", (error) => {
      // A process that never started never closes either.
      if (child.pid === undefined) resolve({ code: null, signal: null, stderr: error.message });
    });
  });
  const send = (message: ToJob<Input>): void => {
    if (!child.connected) return;
    child.send(message, () => {
      // A job that died before it could read this says so by its end.
    });
  };
  send({ type: "start", input });
  return { pid: child.pid, ended, stop: () => send({ type: "stop" }), kill: () => child.kill("SIGKILL") };
}

/** A sentence about a process that ended without saying why. */
export function describeEnd({ code, signal, stderr }: JobEnd): string {
  const how =
    signal !== null
      ? `its process was ended by ${signal}`
      : code === null
        ? "its process could not be started"
        : `its process ended with code ${code}`;
  // The system ends the largest process when memory runs out, by this signal.
  const hint = signal === "SIGKILL" ? " (out of memory?)" : "";
  const last = stderr.split("\n").findLast((line) => line.trim() !== "");
  return last === undefined ? `${how}${hint}` : `${how}${hint}: ${last.trim()}`;
}

/**
 * Runs `run` on every item, at most `limit` at a time, in order of the items; resolves when all have ended.
 * A rejection stops further items from starting and is thrown once the running ones have ended.
 */
export async function runLimited<T>(
  items: Iterable<T>,
  limit: number,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  let failed: { readonly error: unknown } | null = null;
  const lane = async (): Promise<void> => {
    while (failed === null) {
      const next = queue.next();
      if (next.done === true) return;
      try {
        await run(next.value);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, lane));
  const failure = failed as { readonly error: unknown } | null;
  if (failure !== null) throw failure.error;
}
