// How a run's state and age read.
import { describe, expect, it } from "vitest";
import type { RunSummary } from "../../record/index.ts";
import { formatAge, statusOf } from "./ls.ts";

const summary = (status: RunSummary["status"]): RunSummary => ({
  version: 1,
  status,
  step: 1,
  steps: 2,
  loss: 1,
  sharpness: 1,
  threshold: 1,
  equilibriumSharpness: 1,
  equilibriumSd: 0,
  equilibriumRecords: 1,
  seconds: 1,
});

describe("statusOf", () => {
  it("tells a live run from one that was killed", () => {
    expect(statusOf({ summary: summary("running"), live: true })).toBe("running");
    expect(statusOf({ summary: summary("running"), live: false })).toBe("killed");
    expect(statusOf({ summary: null, live: true })).toBe("running");
    expect(statusOf({ summary: null, live: false })).toBe("not started");
  });

  it("trusts the lock over an old summary while a run is being resumed", () => {
    expect(statusOf({ summary: summary("interrupted"), live: true })).toBe("running");
    expect(statusOf({ summary: summary("finished"), live: false })).toBe("finished");
  });
});

describe("formatAge", () => {
  it("uses the largest unit that fits, then the date", () => {
    const now = new Date("2026-03-10T12:00:00Z");
    const ages = [5, 90, 7200, 3 * 86_400, 60 * 86_400].map((seconds) =>
      formatAge(new Date(now.getTime() - 1000 * seconds).toISOString(), now),
    );
    expect(ages).toEqual(["just now", "1 min ago", "2 h ago", "3 d ago", "2026-01-09"]);
    expect(formatAge("never", now)).toBe("–");
  });
});
