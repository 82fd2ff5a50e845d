// provenance.json: where a run came from and with what it can be repeated.

/** Versions, machine, data and sessions of a run. Times appear only here, never in events.jsonl. */
export interface Provenance {
  readonly version: 1;
  /** Version of Brink, and the commit of its checkout when there is one. */
  readonly brink: string;
  readonly git: { readonly commit: string; readonly dirty: boolean } | null;
  /** Command line of the first session. */
  readonly command: readonly string[];
  readonly platform: string;
  readonly cpu: string;
  readonly node: string;
  readonly onnxruntime: string | null;
  readonly device: string;
  readonly threads: number;
  readonly seed: number;
  readonly data: { readonly name: string; readonly checksum: string; readonly notes: readonly string[] };
  /** When the run was created, ISO 8601. */
  readonly createdAt: string;
  /** Every time it was started or resumed. */
  readonly sessions: readonly Session[];
}

export interface Session {
  readonly startedAt: string;
  /** Step it started from. */
  readonly fromStep: number;
  /** Steps the run was to take from then on, when this session raised them. */
  readonly steps?: number;
  readonly command: readonly string[];
}

/** Reads provenance.json; null when it is damaged or of another version (a run can be read without it). */
export function parseProvenance(text: string): Provenance | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const provenance = value as Provenance | null;
  if (typeof provenance !== "object" || provenance === null || provenance.version !== 1) return null;
  return Array.isArray(provenance.sessions) ? provenance : null;
}
