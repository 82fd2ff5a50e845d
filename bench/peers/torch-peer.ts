// The PyTorch peer as a process that answers measurements one at a time, for alternating with our own.
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { root } from "../parts/machine.ts";

/** What the peer runs on, from its first line. */
export interface PeerDescription {
  readonly python: string;
  readonly torch: string;
  readonly scipy: string;
  readonly numpy: string;
  readonly blas: string;
  readonly threads: number;
}

/** Names of torch_peer.py's measurements. */
export type PeerMeasurement =
  | "gradient"
  | "hvp"
  | "sgdStep"
  | "sharpness"
  | "matmul"
  | "cnnGradient"
  | "cnnHvp";

/** Times in ms; for `sharpness` also the number of products and the eigenvalue found, per repeat. */
export interface PeerTimes {
  readonly times: readonly number[];
  readonly products?: readonly number[];
  readonly values?: readonly number[];
}

/** Numbers that must agree before times are compared: L, ‖g‖ and gᵀHg/‖g‖². */
export interface PointCheck {
  readonly loss: number;
  readonly gradNorm: number;
  readonly curvature: number;
}

/** A running torch_peer.py. Requests are answered in order; `close` ends it. */
export class TorchPeer {
  readonly description: PeerDescription;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  constructor(
    child: ChildProcessWithoutNullStreams,
    lines: AsyncIterator<string>,
    description: PeerDescription,
  ) {
    this.#child = child;
    this.#lines = lines;
    this.description = description;
  }

  async measure(what: PeerMeasurement, repeats: number): Promise<PeerTimes> {
    return (await this.#ask({ what, repeats })) as unknown as PeerTimes;
  }

  /** Replaces the peer's inputs by the files of `folder` (inputs.ts writes them). */
  async load(folder: string): Promise<void> {
    await this.#ask({ what: "load", dir: folder });
  }

  async check(net: "fc" | "cnn"): Promise<PointCheck> {
    return (await this.#ask({ what: "check", net })) as unknown as PointCheck;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => {
      this.#child.once("close", () => resolve());
    });
    this.#child.stdin.end();
    await ended;
  }

  async #ask(request: object): Promise<Record<string, unknown>> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const next = await this.#lines.next();
    if (next.done === true) throw new Error("the PyTorch peer ended in the middle of a measurement");
    const reply = JSON.parse(next.value) as Record<string, unknown>;
    if (typeof reply["error"] === "string") throw new Error(`the PyTorch peer failed: ${reply["error"]}`);
    return reply;
  }
}

/** Pythons to try: the one asked for, else the one on the path, else the system's (where Debian puts torch). */
function pythons(): readonly string[] {
  const chosen = process.env["PYTHON"];
  return chosen !== undefined && chosen !== "" ? [chosen] : ["python3", "/usr/bin/python3"];
}

/** Starts the peer, or says in one sentence why there is none (no Python, no torch, no scipy). */
export async function startTorchPeer(threads: number): Promise<TorchPeer | string> {
  const reasons: string[] = [];
  for (const python of pythons()) {
    const started = await startWith(python, threads);
    if (typeof started !== "string") return started;
    reasons.push(`${python}: ${started}`);
  }
  return (
    `No PyTorch peer (${reasons.join("; ")}). It needs torch and scipy, e.g. Debian's python3-torch and ` +
    "python3-scipy; PYTHON names another interpreter. Brink is measured alone."
  );
}

async function startWith(python: string, threads: number): Promise<TorchPeer | string> {
  const script = path.join(root, "bench", "peers", "torch_peer.py");
  const child = spawn(python, [script, "--serve", "--threads", String(threads)], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-4000);
  });
  child.on("error", (error) => {
    complaint ||= error.message;
  });
  // A peer that died makes the next write fail; the missing answer already reports it.
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true) {
    return complaint.trim().split("\n").at(-1) ?? "did not start";
  }
  return new TorchPeer(child, lines, JSON.parse(first.value) as PeerDescription);
}
