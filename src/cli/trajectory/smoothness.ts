// Whether a network's loss has the three continuous derivatives the theory takes for granted.
import type { ResolvedNet } from "../../nets/index.ts";

/** Activations with a jump in one of their first three derivatives. */
const KINKED: ReadonlySet<string> = new Set(["relu", "leaky-relu", "elu", "hardtanh", "leaky-huber"]);

/** A sentence about what is not smooth, or null. */
export function kinkWarning({ activation, channels, pooling }: ResolvedNet): string | null {
  const name = activation === null || typeof activation === "string" ? activation : activation.name;
  const kinks = [
    ...(name !== null && KINKED.has(name) ? [`${name} has kinks`] : []),
    ...(channels.length > 0 && pooling === "max" ? ["max pooling has kinks"] : []),
  ];
  if (kinks.length === 0) return null;
  return `${kinks.join(" and ")}: the theory needs three continuous derivatives, so α, β and everything predicted from them follow the smooth part only`;
}
