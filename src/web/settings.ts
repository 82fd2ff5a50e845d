// Changing a resolved configuration by dotted keys, and what two runs must have in common to share a problem.
import type { ExperimentConfig } from "../lab/index.ts";
import { keyParts, type Settings, withSetting } from "../lab/settings.ts";

/** A copy of a configuration with values at dotted keys replaced. @throws InputError for what cannot be a key */
export function changed(
  config: ExperimentConfig,
  changes: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  let settings = config as unknown as Settings;
  for (const [key, value] of Object.entries(changes)) {
    settings = withSetting(settings, keyParts(key, "fork"), value, new Set());
  }
  return settings;
}

/** Whether two configurations compute with the same data, network and device. */
export function sharesProblem(a: ExperimentConfig, b: ExperimentConfig): boolean {
  const key = ({ data, net, loss, seed, precision, device, threads, memory }: ExperimentConfig): string =>
    JSON.stringify([data, net, loss, seed, precision, device, threads, memory]);
  return key(a) === key(b);
}
