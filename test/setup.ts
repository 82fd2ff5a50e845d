// Makes any console output inside a test a failure: library code reports through values and callbacks.
import { afterEach, beforeEach, expect, vi } from "vitest";

const methods = ["log", "info", "warn", "error", "debug"] as const;
let calls: string[] = [];

beforeEach(() => {
  calls = [];
  for (const method of methods) {
    vi.spyOn(console, method).mockImplementation((...args: unknown[]) => {
      calls.push(`console.${method}(${args.map(String).join(" ")})`);
    });
  }
});

afterEach(() => {
  vi.restoreAllMocks();
  expect(calls, "a test printed to the console").toEqual([]);
});
