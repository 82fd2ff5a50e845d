// Error messages as users read them, exit codes, and the nearest valid name.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BrinkError, didYouMean, editDistance, InputError, nearest, RunError, showValue } from "./index.ts";

describe("messages", () => {
  test.each([
    ["nothing more to say", {}, "nothing more to say"],
    ["unknown key", { file: "a.yaml" }, "a.yaml: unknown key"],
    ["unknown key", { file: "a.yaml", field: "optimizer.lr" }, "a.yaml: optimizer.lr: unknown key"],
    ["too small", { field: "lr", received: "-1" }, "lr: too small (received -1)"],
    ["too small", { received: "-1", allowed: "> 0" }, "too small (received -1; allowed: > 0)"],
    ["missing", { allowed: ["a", "b"] }, "missing (allowed: a | b)"],
    ["missing", { hint: "Add it." }, "missing. Add it."],
    [
      "not known",
      {
        file: "a.yaml",
        field: "loss",
        received: '"mes"',
        allowed: ["mse", "ce"],
        hint: 'Did you mean "mse"?',
      },
      'a.yaml: loss: not known (received "mes"; allowed: mse | ce). Did you mean "mse"?',
    ],
    [
      "empty values still show",
      { received: "", allowed: [] },
      "empty values still show (received ; allowed: )",
    ],
  ])("%s %j", (message, detail, expected) => {
    const error = new InputError(message, detail);
    expect(error.message).toBe(expected);
    expect(error.detail).toEqual(detail);
  });

  test("bad input exits with 2, failures with 1, and both are Brink's own", () => {
    for (const [error, code, name] of [
      [new InputError("x"), 2, "InputError"],
      [new RunError("x"), 1, "RunError"],
      [new BrinkError("x", {}, 3), 3, "BrinkError"],
      [new BrinkError("x"), 1, "BrinkError"],
    ] as const) {
      expect(error).toBeInstanceOf(BrinkError);
      expect(error).toBeInstanceOf(Error);
      expect(error.exitCode).toBe(code);
      expect(error.name).toBe(name);
      expect(String(error)).toBe(`${name}: x`);
    }
    expect(new InputError("x")).not.toBeInstanceOf(RunError);
  });
});

describe("edit distance", () => {
  test.each([
    ["", "", 0],
    ["abc", "", 3],
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["flaw", "lawn", 2],
    ["lr", "rl", 1],
    ["batch", "batch", 0],
  ])("%s to %s", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  test("is symmetric, bounded by the longer word, and follows its recursive definition", () => {
    const recursive = (a: string, b: string): number => {
      if (a === "" || b === "") return a.length + b.length;
      const [restA, restB] = [a.slice(1), b.slice(1)];
      const swapped = a.length > 1 && b.length > 1 && a[0] === b[1] && a[1] === b[0];
      return Math.min(
        recursive(restA, b) + 1,
        recursive(a, restB) + 1,
        recursive(restA, restB) + (a[0] === b[0] ? 0 : 1),
        swapped ? recursive(a.slice(2), b.slice(2)) + 1 : Infinity,
      );
    };
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 5 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(recursive(a, b));
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(editDistance(a, b) === 0).toBe(a === b);
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe("the nearest name", () => {
  const names = ["optimizer", "precision", "measure", "seed", "steps"];

  test.each([
    ["optimiser", "optimizer"],
    ["Optimizer", "optimizer"],
    ["PRECISON", "precision"],
    ["step", "steps"],
    ["seeds", "seed"],
    ["mesure", "measure"],
    ["stpes", "steps"],
  ])("to %s is %s", (typed, expected) => {
    expect(nearest(typed, names)).toBe(expected);
    expect(didYouMean(typed, names)).toBe(`Did you mean "${expected}"?`);
  });

  test("is nothing when nothing is near", () => {
    expect(nearest("figures", names)).toBeUndefined();
    expect(nearest("x", [])).toBeUndefined();
    expect(didYouMean("figures", names)).toBeUndefined();
  });

  test("prefers an exact match, then the first of equals, from any iterable", () => {
    expect(nearest("seed", new Set(["sead", "seed"]))).toBe("seed");
    expect(nearest("sed", ["seed", "sled"])).toBe("seed");
  });
});

describe("values in messages", () => {
  test("are shown whatever they are", () => {
    expect(showValue("a")).toBe('"a"');
    expect(showValue(Number.NaN)).toBe("NaN");
    expect(showValue(undefined)).toBe("undefined");
    expect(showValue({ n: 3n })).toBe('{"n":"3n"}');
    expect(showValue({ toString: "", toJSON: () => 1n })).toBe('"1n"');
    const cyclic: Record<string, unknown> = { toString: "" };
    cyclic["self"] = cyclic;
    expect(showValue(cyclic)).toBe("[object Object]");
    expect(showValue("x".repeat(200))).toHaveLength(78);
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withNullPrototype: true }),
        (value) => typeof showValue(value) === "string",
      ),
    );
  });
});
