// SVG files → PNG files beside them, in a process of its own that may fail.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Draws each SVG file as a PNG beside it: all at once, and if that fails, one by one to find which ones work.
 *
 * @returns the SVG files that have no PNG
 */
export function drawPngs(svgFiles: readonly string[]): string[] {
  const script = fileURLToPath(new URL("draw-png.js", import.meta.url));
  for (const file of svgFiles) rmSync(file.replace(/\.svg$/, ".png"), { force: true });
  const draw = (files: readonly string[]): boolean =>
    spawnSync(process.execPath, [script, ...files], { stdio: "ignore" }).status === 0;
  if (svgFiles.length > 1 && draw(svgFiles)) return [];
  return svgFiles.filter((file) => !existsSync(file.replace(/\.svg$/, ".png")) && !draw([file]));
}
