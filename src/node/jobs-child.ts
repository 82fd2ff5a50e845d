// The other side of a job: what the job's own process sees of the one that started it.
import { InputError } from "../math/index.ts";
import type { ToJob } from "./jobs.ts";

/** A job's input, and its way to talk to the process that started it. */
export interface JobSide<Input, Message> {
  readonly input: Input;
  /** Aborted when the starter asks to stop, or is gone: then nobody is left to say so. */
  readonly signal: AbortSignal;
  /** Sends plain data; resolves when it has left this process. Quietly does nothing once the starter is gone. */
  readonly send: (message: Message) => Promise<void>;
  /** Lets the process end; nothing can be sent afterwards. */
  readonly close: () => void;
}

/**
 * Waits for the job this process was started for.
 *
 * Ctrl-C reaches every process of a terminal at once; a job leaves it to the starter to decide what it means.
 *
 * @throws InputError when the process was not started as a job
 */
export async function connectJob<Input, Message>(): Promise<JobSide<Input, Message>> {
  if (process.send === undefined || !process.connected) {
    throw new InputError("this command is for processes started by `brink sweep`");
  }
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.on("SIGINT", () => {});
  process.on("SIGTERM", stop);
  process.on("disconnect", stop);
  const input = await new Promise<Input>((resolve, reject) => {
    process.on("message", (message: ToJob<Input>) => {
      if (message.type === "start") resolve(message.input);
      else stop();
    });
    process.once("disconnect", () => reject(new InputError("the process that started this job is gone")));
  });
  // A message that is on its way when the starter dies is never acknowledged.
  const unacknowledged = new Set<() => void>();
  process.on("disconnect", () => {
    for (const resolve of unacknowledged) resolve();
  });
  return {
    input,
    signal: controller.signal,
    send: (message) =>
      new Promise((resolve) => {
        const settle = (): void => {
          unacknowledged.delete(settle);
          resolve();
        };
        unacknowledged.add(settle);
        if (process.connected) process.send!(message, undefined, undefined, settle);
        else settle();
      }),
    close: () => {
      process.off("disconnect", stop);
      if (process.connected) process.disconnect();
    },
  };
}
