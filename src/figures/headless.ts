// A document for drawing outside a browser. Not re-exported by index.ts, so that web pages never bundle it.
import { parseHTML } from "linkedom";

/** An empty server-side document (linkedom) for the `document` option of figures and reports. */
export function headlessDocument(): Document {
  return parseHTML("<!doctype html><html><body></body></html>").document;
}
