// Brink's own version, from the package manifest beside the compiled or source folder.
import { readFileSync } from "node:fs";

/** `version` of package.json; the manifest is two folders above this file, in a checkout and when installed. */
export function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
