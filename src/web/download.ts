// A file fetched with progress.
import { RunError } from "../math/index.ts";

/** Told bytes received so far and the total, null when the server does not say. */
export type Progress = (received: number, total: number | null) => void;

/** All bytes at an address. @throws RunError when they do not arrive */
export async function download(url: string, onProgress: Progress): Promise<Uint8Array<ArrayBuffer>> {
  const failed = (received: string): RunError =>
    new RunError("the engine could not be downloaded", {
      received,
      hint: "Check the connection and try again",
    });
  const response = await fetch(url).catch((error: unknown) => {
    throw failed(error instanceof Error ? error.message : String(error));
  });
  if (!response.ok || response.body === null) throw failed(`HTTP ${response.status}`);
  // The announced length is that of the compressed body; it says nothing about ours then.
  const length =
    response.headers.get("content-encoding") === null ? response.headers.get("content-length") : null;
  const total = length === null ? null : Number(length);
  const parts: Uint8Array[] = [];
  let received = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { value, done } = await reader.read().catch((error: unknown) => {
      throw failed(error instanceof Error ? error.message : String(error));
    });
    if (done) break;
    parts.push(value);
    received += value.length;
    onProgress(received, total);
  }
  const bytes = new Uint8Array(received);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
