// A page's settings as signals that follow the hash of its address, and write it.
import { batch, effect, signal } from "@preact/signals";
import type { Signal } from "@preact/signals";
import { InputError } from "../../math/errors.ts";
import { parseHash, parseValue, printHash } from "./properties.ts";
import type { Properties, ValueOf, Values } from "./properties.ts";

export * from "./properties.ts";

/** The part of `window` it needs; a test gives its own. */
export type HashHolder = Pick<
  Window,
  "location" | "history" | "addEventListener" | "removeEventListener" | "setTimeout" | "clearTimeout"
>;

/** Settings bound to an address. */
export interface UrlState<P extends Properties> {
  readonly properties: P;
  /** One signal a property: read and write `.value`. */
  readonly signals: { readonly [K in keyof P]: Signal<ValueOf<P[K]>> };
  /** What the address said that could not be used, as sentences. */
  readonly problems: Signal<readonly string[]>;
  /** All current values. Reading them in a component subscribes to all. */
  values(): Values<P>;
  /** Sets several at once. */
  assign(values: Partial<Values<P>>): void;
  /** Sets one from text; returns what is wrong with it, or null. */
  setText(name: keyof P & string, text: string): string | null;
  /** The full address that restores this state. */
  link(): string;
  dispose(): void;
}

/** Milliseconds between writes: browsers refuse more than about 100 in 30 seconds. */
const WRITE_INTERVAL = 350;

/** Binds `properties` to the address of `holder` (the page's window by default). */
export function urlState<P extends Properties>(properties: P, holder: HashHolder = window): UrlState<P> {
  const names = Object.keys(properties) as (keyof P & string)[];
  const start = parseHash(properties, holder.location.hash);
  const problems = signal(start.problems);
  const signals = Object.fromEntries(names.map((name) => [name, signal(start.values[name])])) as unknown as {
    readonly [K in keyof P]: Signal<ValueOf<P[K]>>;
  };
  const values = (): Values<P> =>
    Object.fromEntries(names.map((name) => [name, signals[name].value])) as Values<P>;
  const assign = (next: Partial<Values<P>>): void =>
    batch(() => {
      for (const name of names) {
        const value = next[name];
        if (value !== undefined) signals[name].value = value;
      }
    });

  let timer: number | undefined;
  let written = holder.location.hash;
  const write = (): void => {
    timer = undefined;
    const hash = printHash(properties, values());
    if (hash === written) return;
    written = hash;
    const { pathname, search } = holder.location;
    holder.history.replaceState(null, "", `${pathname}${search}${hash}`);
  };
  const stop = effect(() => {
    values();
    timer ??= holder.setTimeout(write, WRITE_INTERVAL);
  });
  const follow = (): void => {
    if (holder.location.hash === written) return;
    written = holder.location.hash;
    const parsed = parseHash(properties, written);
    assign(parsed.values);
    problems.value = parsed.problems;
  };
  holder.addEventListener("hashchange", follow);

  return {
    properties,
    signals,
    problems,
    values,
    assign,
    setText(name, text) {
      try {
        signals[name].value = parseValue(name, properties[name]!, text) as ValueOf<P[typeof name]>;
        return null;
      } catch (error) {
        if (error instanceof InputError) return error.message;
        throw error;
      }
    },
    link() {
      const { origin, pathname, search } = holder.location;
      return `${origin}${pathname}${search}${printHash(properties, values())}`;
    },
    dispose() {
      stop();
      if (timer !== undefined) holder.clearTimeout(timer);
      holder.removeEventListener("hashchange", follow);
    },
  };
}
