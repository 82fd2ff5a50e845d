// Headers of every answer: cross-origin isolation, which threads of WebAssembly need, and what pages may load.
import type { MiddlewareHandler } from "hono";

/**
 * `same-origin` and `require-corp` together make `crossOriginIsolated` true, without which browsers give no
 * SharedArrayBuffer. The policy lets pages load from this server only; `blob:` workers and `wasm-unsafe-eval` are how
 * ONNX Runtime starts, inline styles how charts place their parts.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Content-Security-Policy": [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval' blob:",
    "worker-src 'self' blob:",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self' data: blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'self'",
  ].join("; "),
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

/** Files whose names change with their content; the engine among them is 27 MB. */
const HASHED = /\/assets\/[^/]+-[\w-]{8}\.\w+$/;

/** Adds them, and keeps browsers from showing a page of an older build. */
export const pageHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  const { headers, status } = c.res;
  for (const [name, value] of Object.entries(PAGE_HEADERS)) headers.set(name, value);
  if (headers.has("Cache-Control")) return;
  const lasting = status === 200 && HASHED.test(c.req.path);
  headers.set("Cache-Control", lasting ? "public, max-age=31536000, immutable" : "no-cache");
};
