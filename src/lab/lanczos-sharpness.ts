// The default sharpness solver: Lanczos on the full-batch Hessian, started from the last eigenvectors.
import { lanczos } from "../curvature/index.ts";
import type { SharpnessSolver } from "./run-types.ts";

/** Largest eigenvalues by `lanczos` on the Hessian at θ. Throws InputError when k exceeds the size. */
export const lanczosSharpness: SharpnessSolver = async (objective, theta, warm, { hessian, ...options }) =>
  lanczos(hessian ?? (await objective.hessian(theta)), { ...options, start: warm?.eigenvectors ?? [] });
