// Driving the playground as a reader does: controls by their labels, charts by what they save.
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { PATIENCE_MS } from "./launch.ts";

/** The status line, once it matches. */
export async function untilStatus(page: Page, pattern: RegExp): Promise<string> {
  const { source, flags } = pattern;
  const found = await page.waitForFunction(
    ([text, how]) => {
      const lines = [...document.querySelectorAll(".results > .status")].map(
        (line) => line.textContent ?? "",
      );
      return lines.find((line) => new RegExp(text!, how).test(line));
    },
    [source, flags],
    { timeout: 2 * PATIENCE_MS },
  );
  return (await found.jsonValue())!;
}

/** Presses a button of the page by its name. */
export async function press(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name, exact: true }).click();
}

/** Types into a control and leaves it. */
export async function fill(page: Page, label: string, value: string): Promise<void> {
  const field = page.getByLabel(label, { exact: true });
  await field.fill(value);
  await field.blur();
}

/** A file that a chart saves, as text. */
export async function saved(page: Page, chart: string, format: "SVG" | "CSV"): Promise<string> {
  return (await savedBytes(page, chart, format)).toString("utf8");
}

/** A file that a chart saves. */
export async function savedBytes(page: Page, chart: string, format: "SVG" | "PNG" | "CSV"): Promise<Buffer> {
  const figure = page.locator(`#chart-${chart}`);
  if ((await figure.locator("details.menu[open]").count()) === 0) {
    await figure.locator("summary", { hasText: "save" }).click();
  }
  const download = page.waitForEvent("download");
  await figure.getByRole("button", { name: format, exact: true }).click();
  return readFileSync(await (await download).path());
}

/** Values by step of one series of one run, from a saved table. */
export async function column(
  page: Page,
  chart: string,
  run: number,
  series: string,
): Promise<Map<number, number>> {
  const [head, ...lines] = (await saved(page, chart, "CSV")).trim().split("\n");
  const names = head!.split(",");
  const at = (name: string): number => names.indexOf(name);
  const values = new Map<number, number>();
  for (const line of lines) {
    // Labels are quoted where they hold commas; the columns needed here never do.
    const cells = line.replaceAll(/"[^"]*"/g, "label").split(",");
    if (cells[at("run")] !== `run ${run}` || cells[at("series")] !== series) continue;
    values.set(Number(cells[at("step")]), Number(cells[at("y")]));
  }
  return values;
}

/** The experiment file the page offers. */
export async function experimentFile(page: Page): Promise<string> {
  const link = page.getByRole("link", { name: "experiment.yaml" });
  const href = (await link.getAttribute("href"))!;
  return decodeURIComponent(href.slice(href.indexOf(",") + 1));
}
