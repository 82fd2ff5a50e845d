// Ctrl-C: the first asks the run to finish its step and save, the second stops at once.

/** The parts of `process` that deal with signals; tests hand in their own. */
export interface SignalSource {
  on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  off(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  exit(code: number): void;
}

export interface InterruptOptions {
  readonly source: SignalSource;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Told once, at the first signal. */
  readonly onFirst: () => void;
}

/** Exit code of an interrupted command, as shells report a death by SIGINT. */
export const interruptedExitCode = 130;

/**
 * Package managers forward a Ctrl-C that the terminal has already delivered to the whole process group, so one
 * key press can arrive twice within milliseconds; a second signal this soon is the same press.
 */
const samePressMs = 250;

/** Runs `body` with a signal that aborts at the first SIGINT or SIGTERM; a second one exits with 130. */
export async function withInterrupt<T>(
  options: InterruptOptions,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let firstAt: number | null = null;
  const listener = (): void => {
    const now = options.now();
    if (firstAt === null) {
      firstAt = now;
      options.onFirst();
      controller.abort();
    } else if (now - firstAt >= samePressMs) {
      options.source.exit(interruptedExitCode);
    }
  };
  options.source.on("SIGINT", listener);
  options.source.on("SIGTERM", listener);
  try {
    return await body(controller.signal);
  } finally {
    options.source.off("SIGINT", listener);
    options.source.off("SIGTERM", listener);
  }
}
