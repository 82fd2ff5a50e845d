// What `brink orbits` found as `--json` has it: scalars, no vectors.
import type { FoundOrbit, OrbitBranch, OrbitSearch } from "../../theory/index.ts";

/** An orbit as `--json` has it: scalars only. */
export interface OrbitRecord {
  readonly source: FoundOrbit["source"];
  /** Index into `directions`, null for the guess from iterates. */
  readonly direction: number | null;
  /** Half the distance of the two points. */
  readonly amplitude: number;
  readonly losses: readonly [number, number];
  /** A_η at the orbit. */
  readonly coupling: number;
  readonly residual: number;
  readonly iterations: number;
  readonly products: number;
  /** Whether plain Newton fell into the fixed point first. */
  readonly collapsed: boolean;
  readonly stability: FoundOrbit["stability"];
  readonly branch?: Pick<OrbitBranch, "end" | "lr" | "points" | "products">;
}

/** What `--json` prints. */
export interface OrbitsRecord {
  readonly source: string;
  readonly outcome: "found" | "none";
  readonly parameters: number;
  readonly lr: number;
  readonly threshold: number;
  readonly fixedPoint: Omit<OrbitSearch["fixedPoint"], "theta">;
  readonly directions: readonly Omit<OrbitSearch["directions"][number], "u" | "shift">[];
  readonly orbits: readonly OrbitRecord[];
  /** How the search from two consecutive iterates ended, in words too; absent when it was not tried. */
  readonly fromIterates?: OrbitSearch["given"][number];
}
