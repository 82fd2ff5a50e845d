// Files held in memory: data sets in a browser or a test need no folder.
import { InputError } from "../math/index.ts";
import type { DataFiles } from "./source.ts";

/** Files by name. Reading obeys the size limit as a disk reader does. */
export function memoryFiles(contents: Readonly<Record<string, Uint8Array>>): DataFiles {
  return {
    list: () => Object.keys(contents),
    read: (name, maxBytes) => {
      const bytes = Object.hasOwn(contents, name) ? contents[name] : undefined;
      if (bytes === undefined) throw new InputError("file not found", { file: name });
      if (bytes.length > maxBytes) {
        throw new InputError("file is longer than it can be: oversized or wrong file", {
          file: name,
          received: `${bytes.length} bytes`,
          allowed: `at most ${maxBytes}`,
        });
      }
      return bytes;
    },
  };
}
