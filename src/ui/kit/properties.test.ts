// A list of properties as address: what is printed is read back, nonsense becomes a sentence and the default.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { defaults, parseHash, parseValue, printHash } from "./properties.ts";
import type { ChoiceProperty, NumberProperty, Properties } from "./properties.ts";

const lr: NumberProperty = { kind: "number", label: "η", fallback: 0.01, above: 0, max: 10 };
const net: ChoiceProperty<"mlp" | "cnn"> = {
  kind: "choice",
  label: "net",
  fallback: "mlp",
  choices: ["mlp", "cnn"],
};
const PROPERTIES = {
  lr,
  net,
  seed: { kind: "number", label: "seed", fallback: 0, min: 0, integer: true, always: true },
  log: { kind: "flag", label: "log", fallback: false },
  q: { kind: "text", label: "filter", fallback: "" },
  charts: { kind: "list", label: "charts", fallback: ["loss"] },
  zoom: { kind: "numbers", label: "zoom", fallback: [] },
} satisfies Properties;

test("an address restores exactly the values it was made from", () => {
  const values = fc.record({
    lr: fc.double({ min: 1e-300, max: 10, noNaN: true }),
    net: fc.constantFrom("mlp" as const, "cnn" as const),
    seed: fc.nat(),
    log: fc.boolean(),
    q: fc.string({ unit: "grapheme" }),
    charts: fc.array(fc.string({ minLength: 1 })),
    zoom: fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0)),
  });
  fc.assert(
    fc.property(values, (given) => {
      const { values: read, problems } = parseHash(PROPERTIES, printHash(PROPERTIES, given));
      expect(problems).toEqual([]);
      expect(read).toEqual(given);
    }),
  );
});

test("only what differs from the defaults is in the address, and what must always be", () => {
  expect(printHash(PROPERTIES, defaults(PROPERTIES))).toBe("#seed=0");
  expect(printHash(PROPERTIES, { ...defaults(PROPERTIES), lr: 0.5, net: "cnn" })).toBe(
    "#lr=0.5&net=cnn&seed=0",
  );
});

test("nonsense in an address is named, with what is used instead", () => {
  const { values, problems } = parseHash(PROPERTIES, "#lr=-1&net=cmn&seed=1.5&colour=red&log=1");
  expect(values).toEqual({ ...defaults(PROPERTIES), log: true });
  expect(problems).toHaveLength(4);
  expect(problems[0]).toMatch(/lr: .*received "-1"; allowed: a number > 0 ≤ 10.*0\.01 is used/);
  expect(problems[1]).toContain('Did you mean "cnn"?');
  expect(problems[2]).toContain("a whole number");
  expect(problems[3]).toContain('"colour", which this page does not have');
});

test("names of Object.prototype are no properties", () => {
  expect(parseHash(PROPERTIES, "#toString=1&__proto__=2").problems).toHaveLength(2);
});

test("an empty field is no number", () => {
  expect(() => parseValue("lr", lr, " ")).toThrow(/a number/);
});
