// What is sent to every open page: the last messages, numbered, so that a page that was cut off can go on.
import type { StreamEvent } from "../record/index.ts";

/** A numbered message. */
export interface Message {
  /** `SESSION-N`, for `Last-Event-ID`. */
  readonly id: string;
  readonly data: string;
}

/** Messages kept, and characters they may have together. */
const KEPT_MESSAGES = 2000;
const KEPT_CHARACTERS = 16 << 20;

/** A ring of messages that any number of readers follow, each at its own pace. */
export class StreamHub {
  readonly #session: string;
  readonly #messages: Message[] = [];
  /** Number of the first message kept. */
  #first = 0;
  #characters = 0;
  #closed = false;
  readonly #waiting = new Set<() => void>();

  /** @param session changes with every start of the server */
  constructor(session: string) {
    this.#session = session;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Number the next message will have. */
  get next(): number {
    return this.#first + this.#messages.length;
  }

  idOf(number: number): string {
    return `${this.#session}-${number}`;
  }

  publish(event: StreamEvent): void {
    const data = JSON.stringify(event);
    this.#messages.push({ id: this.idOf(this.next), data });
    this.#characters += data.length;
    while (
      this.#messages.length > KEPT_MESSAGES ||
      (this.#characters > KEPT_CHARACTERS && this.#messages.length > 1)
    ) {
      this.#characters -= this.#messages.shift()!.data.length;
      this.#first += 1;
    }
    this.#wake();
  }

  /** Number of the message after the one with this id; null when it is not of this session, or no longer known. */
  after(id: string | undefined): number | null {
    const prefix = `${this.#session}-`;
    if (id === undefined || !id.startsWith(prefix)) return null;
    const number = Number(id.slice(prefix.length)) + 1;
    return Number.isSafeInteger(number) && this.#keeps(number) ? number : null;
  }

  /** The message with a number; undefined when it has not come yet; null when it is no longer kept. */
  at(number: number): Message | undefined | null {
    return this.#keeps(number) ? this.#messages[number - this.#first] : null;
  }

  /** Resolves when there is something new, after `ms`, or when the hub closes. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener("abort", done);
      this.#waiting.add(done);
      if (signal.aborted || this.#closed) done();
    });
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  #keeps(number: number): boolean {
    return number >= this.#first && number <= this.next;
  }

  #wake(): void {
    for (const done of this.#waiting) done();
  }
}
