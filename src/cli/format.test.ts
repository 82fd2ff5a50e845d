// Numbers and tables as printed.
import { assert, double, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { formatBytes, formatDuration, formatNumber, formatSpread, formatTable } from "./format.ts";

describe("formatNumber", () => {
  it("keeps significant digits and whole numbers", () => {
    expect([198.234, 0.01234567, 5000.4, 123_456, 0].map((x) => formatNumber(x))).toEqual([
      "198.2",
      "0.01235",
      "5000",
      "123456",
      "0",
    ]);
    expect(formatNumber(1.5e-7, 2)).toBe("1.5e-7");
    expect(formatNumber(2.5e9)).toBe("2.500e+9");
  });

  it("tells absent from non-finite", () => {
    expect(formatNumber(undefined)).toBe("–");
    expect(formatNumber(null)).toBe("nan");
    expect(formatNumber(Number.POSITIVE_INFINITY)).toBe("nan");
  });

  it("stays within half a unit of the last digit it shows", () => {
    assert(
      property(double({ min: 1e-9, max: 1e12, noNaN: true }), (x) => {
        expect(Math.abs(Number(formatNumber(x, 4)) - x)).toBeLessThanOrEqual(x * 5.01e-4);
      }),
    );
  });
});

describe("formatSpread", () => {
  it("gives value and spread the decimals the spread deserves", () => {
    expect(formatSpread(197.34567, 2.3456)).toBe("197.3 ± 2.3");
    expect(formatSpread(197.34567, 23.456)).toBe("197 ± 23");
    expect(formatSpread(0.5, 0.0012)).toBe("0.5000 ± 0.0012");
    expect(formatSpread(197.3, null)).toBe("197.3");
    expect(formatSpread(null, null)).toBe("nan");
  });
});

describe("durations and sizes", () => {
  it("reads like a clock", () => {
    expect([4.4, 61, 3600, 3661.2, Number.NaN].map(formatDuration)).toEqual([
      "4 s",
      "1:01",
      "1:00:00",
      "1:01:01",
      "?",
    ]);
  });

  it("uses binary units", () => {
    expect([900, 1536, 512 * 1024 ** 2, 2.5 * 1024 ** 3].map(formatBytes)).toEqual([
      "900 B",
      "1.5 KiB",
      "512 MiB",
      "2.5 GiB",
    ]);
  });
});

describe("formatTable", () => {
  it("aligns columns and leaves no trailing blanks", () => {
    const text = formatTable(
      [{ title: "run" }, { title: "S", align: "right" }, { title: "status" }],
      [
        ["gd", "198.2", "finished"],
        ["b50·η", "7", ""],
      ],
    );
    expect(text).toBe("run        S  status\ngd     198.2  finished\nb50·η      7\n");
  });
});
