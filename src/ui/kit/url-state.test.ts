// Settings that follow an address and write it, against a window of our own.
import { expect, test, vi } from "vitest";
import { urlState } from "./url-state.ts";
import type { HashHolder } from "./url-state.ts";

const PROPERTIES = {
  q: { kind: "text", label: "filter", fallback: "" },
  seed: { kind: "number", label: "seed", fallback: 0, integer: true },
} as const;

/** The part of a window the state needs, with timers under the test's control. */
function holder(hash: string) {
  const listeners: (() => void)[] = [];
  const location = { hash, origin: "http://127.0.0.1:1", pathname: "/lab/", search: "?hide=controls" };
  const fake = {
    location,
    history: {
      replaceState: (_state: unknown, _title: string, to: string) =>
        (location.hash = to.replace(/^[^#]*/, "")),
    },
    addEventListener: (_type: string, listener: () => void) => listeners.push(listener),
    removeEventListener: () => listeners.splice(0),
    setTimeout: (run: () => void, ms: number) => setTimeout(run, ms) as unknown as number,
    clearTimeout: (timer: number) => clearTimeout(timer),
  };
  return {
    fake: fake as unknown as HashHolder,
    location,
    navigate(to: string) {
      location.hash = to;
      for (const listener of listeners) listener();
    },
  };
}

test("reads the address, writes changes into it, follows it when it changes, and links to itself", () => {
  vi.useFakeTimers();
  try {
    const page = holder("#q=loss&nonsense=1");
    const state = urlState(PROPERTIES, page.fake);
    expect(state.signals.q.value).toBe("loss");
    expect(state.problems.value).toHaveLength(1);
    state.signals.seed.value = 3;
    expect(state.link()).toBe("http://127.0.0.1:1/lab/?hide=controls#q=loss&seed=3");
    vi.runAllTimers();
    expect(page.location.hash).toBe("#q=loss&seed=3");
    page.navigate("#seed=7");
    expect(state.values()).toEqual({ q: "", seed: 7 });
    expect(state.problems.value).toEqual([]);
    expect(state.setText("seed", "many")).toMatch(/seed: .*a whole|seed: .*a number/);
    expect(state.signals.seed.value).toBe(7);
    expect(state.setText("seed", "9")).toBeNull();
    state.dispose();
    vi.runAllTimers();
    expect(page.location.hash).toBe("#seed=7");
  } finally {
    vi.useRealTimers();
  }
});
