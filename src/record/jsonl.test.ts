// Event lines: round trip, what a crash leaves at the end, and where a resumed run cuts the file.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import type { RunEvent } from "./events.ts";
import { encodeEvent, lineOffset, parseEvents } from "./jsonl.ts";

const events: RunEvent[] = [
  { type: "header", version: 1 },
  { type: "step", step: 1, loss: 0.1 },
  { type: "measurement", step: 1, point: "iterate", sharpness: 3.5, eigenvalues: [3.5, null], hvps: 4 },
  { type: "mark", step: 1, kind: "onset", message: "größer ≥ 2/η" },
];
const text = events.map(encodeEvent).join("");

it("reads back what was written, doubles to the bit", () => {
  expect(parseEvents(text, "e")).toEqual({ events, truncated: false });
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Object.is(x, -0)),
      (loss) => {
        const event: RunEvent = { type: "step", step: 3, loss };
        expect(parseEvents(encodeEvent(event), "e").events).toEqual([event]);
      },
    ),
  );
});

it("writes numbers that are not finite as null", () => {
  for (const loss of [Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(encodeEvent({ type: "step", step: 2, loss })).toBe('{"type":"step","step":2,"loss":null}\n');
  }
});

describe("a crash", () => {
  it("leaves any prefix readable: whole lines count, a cut one does not", () => {
    const bytes = new TextEncoder().encode(text);
    for (let length = 0; length <= bytes.length; length++) {
      const prefix = new TextDecoder().decode(bytes.subarray(0, length));
      const whole = prefix.split("\n").length - 1;
      const parsed = parseEvents(prefix, "e");
      expect(parsed.events).toEqual(events.slice(0, whole));
      expect(parsed.truncated).toBe(prefix !== "" && !prefix.endsWith("\n"));
    }
  });

  it("may leave garbage in the last line, with or without a newline", () => {
    for (const garbage of ['{"type":"step","st', "\0\0\0\0", "\0\n", '{"type":"step","step":1.5}\n', "7\n"]) {
      expect(parseEvents(text + garbage, "e")).toEqual({ events, truncated: true });
    }
  });

  it("does not excuse damage further up, which is reported with its line", () => {
    expect(() => parseEvents(text.replace('"step":1,"loss"', '"step":1,loss'), "e.jsonl")).toThrow(
      /e\.jsonl:2: corrupt line/,
    );
  });
});

it("skips events of unknown type and refuses another version", () => {
  expect(parseEvents(`{"type":"novelty"}\n${text}`, "e").events).toEqual(events);
  expect(() => parseEvents(`{"type":"header","version":2}\n${text}`, "e")).toThrow(InputError);
});

it("never fails otherwise than with an InputError", () => {
  const piece = fc.oneof(fc.string({ unit: "binary" }), fc.json(), fc.constantFrom(...text.split("\n")));
  fc.assert(
    fc.property(fc.array(piece), (lines) => {
      try {
        parseEvents(lines.join("\n"), "e");
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }),
  );
});

it("finds the end of the first lines in bytes", () => {
  const bytes = new TextEncoder().encode(text);
  let offset = 0;
  expect(lineOffset(bytes, 0)).toBe(0);
  for (const [i, event] of events.entries()) {
    offset += new TextEncoder().encode(encodeEvent(event)).length;
    expect(lineOffset(bytes, i + 1)).toBe(offset);
  }
  expect(lineOffset(bytes, 5)).toBeNull();
  expect(lineOffset(bytes.subarray(0, bytes.length - 1), 4)).toBeNull();
});
