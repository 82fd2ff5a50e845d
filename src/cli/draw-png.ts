// Run by `brink report` in a process of its own: SVG files → PNG files beside them.
// Separate because the renderer is native code that aborts its process on an SVG it cannot handle, and a report at
// the end of an hour of training must not be lost to one picture.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { svgToPng } from "../node/png.ts";

for (const file of process.argv.slice(2)) {
  const png = file.replace(/\.svg$/, ".png");
  writeFileSync(`${png}.part`, svgToPng(readFileSync(file, "utf8")));
  renameSync(`${png}.part`, png);
}
