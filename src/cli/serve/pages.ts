// Where the built pages lie, and the browser that shows them.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { InputError } from "../../math/index.ts";

/** Folder of the built pages beside the compiled command line. Throws InputError when they are not built. */
export function pagesFolder(): string {
  const folder = fileURLToPath(new URL("../../site", import.meta.url));
  if (!existsSync(path.join(folder, "index.html"))) {
    throw new InputError("the pages are not built", { file: folder, hint: "Run: npm run build:site" });
  }
  return folder;
}

/** Opens an address in the user's browser; resolves with whether there was one to ask. */
export function openInBrowser(
  address: string,
  platform: NodeJS.Platform = process.platform,
): Promise<boolean> {
  const [command, ...args] =
    platform === "darwin"
      ? ["open", address]
      : platform === "win32"
        ? ["cmd", "/c", "start", "", address]
        : ["xdg-open", address];
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "ignore", detached: true });
    child.once("error", () => resolve(false));
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}
