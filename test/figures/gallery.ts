// One call per gallery entry: compares with the committed SVG and, on request, writes the entry to a folder.
//
//   BRINK_GALLERY=gallery npx vitest run test/figures      (SVG, PNG, CSV, index.html and report.html)
//   npx vitest run test/figures --update                   (accept changed drawings after looking)
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { escapeXml } from "../../src/figures/serialize.ts";
import { headlessDocument } from "../../src/figures/headless.ts";
import { toCsv } from "../../src/figures/index.ts";
import type { Figure } from "../../src/figures/index.ts";
import { svgToPng } from "../../src/node/png.ts";

/** Registers a figure as snapshot test and gallery entry. `draw` must be deterministic. */
export function figure(name: string, draw: (document: Document) => Figure): void {
  test(`figure ${name}`, async () => {
    const drawn = draw(headlessDocument());
    const folder = process.env["BRINK_GALLERY"];
    if (folder !== undefined && folder !== "") writeEntry(folder, name, drawn);
    await expect(`${drawn.svg.replaceAll("><", ">\n<")}\n`).toMatchFileSnapshot(`snapshots/${name}.svg`);
  });
}

/** Writes name.svg, name.png, name.csv, and an index.html of every SVG in the folder so far. */
export function writeEntry(folder: string, name: string, drawn: Figure): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.svg`), drawn.svg);
  writeFileSync(join(folder, `${name}.png`), svgToPng(drawn.svg, { width: 1280 }));
  writeFileSync(join(folder, `${name}.csv`), toCsv(drawn.rows));
  const entries = readdirSync(folder).filter((file) => file.endsWith(".svg"));
  const items = entries.map((file) => {
    const base = escapeXml(file.slice(0, -4));
    return `<figure><img src="${base}.svg" alt="${base}"><figcaption>${base}: <a href="${base}.png">PNG</a>, <a href="${base}.csv">CSV</a></figcaption></figure>`;
  });
  writeFileSync(
    join(folder, "index.html"),
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Figure gallery</title>${items.join("\n")}</html>\n`,
  );
}

/** Writes a report beside the gallery's entries. */
export function writeReport(folder: string, html: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "report.html"), html);
}
