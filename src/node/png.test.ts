// PNG rendering: size, font, errors.
import { expect, test } from "vitest";
import { InputError } from "../math/index.ts";
import { svgToPng } from "./png.ts";

const svg = (inner: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50" viewBox="0 0 100 50">${inner}</svg>`;

/** Width and height from the IHDR chunk (PNG specification, 11.2.2). */
function size(png: Uint8Array): [number, number] {
  expect(Array.from(png.subarray(0, 8))).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
  const view = new DataView(png.buffer, png.byteOffset);
  return [view.getUint32(16), view.getUint32(20)];
}

test("the width asked for, with the height following; twice the size by default", () => {
  expect(size(svgToPng(svg(""), { width: 640 }))).toEqual([640, 320]);
  expect(size(svgToPng(svg("")))).toEqual([200, 100]);
});

test("text is drawn, also in families no machine has, and the same each time", () => {
  const text = (family: string): string => svg(`<text x="5" y="30" font-family="${family}">2/η − S</text>`);
  const drawn = svgToPng(text("No Such Family, sans-serif"));
  expect(drawn).not.toEqual(svgToPng(svg("")));
  expect(drawn).toEqual(svgToPng(text("DejaVu Sans")));
});

test("what is not an SVG and unusable widths are input errors", () => {
  expect(() => svgToPng("<html>")).toThrow(InputError);
  expect(() => svgToPng("")).toThrow(/cannot draw this SVG/);
  for (const width of [0, -5, 1.5, Number.NaN, 1e9]) {
    expect(() => svgToPng(svg(""), { width })).toThrow(/not a usable image width/);
  }
});
