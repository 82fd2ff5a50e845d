// The experiment file of settings made in the page: what `brink run` takes, checked before it is shown.
import { Document, isMap, isPair, isScalar } from "yaml";
import { resolveConfig } from "../lab/index.ts";

/**
 * YAML with a section a line, defaults left out.
 *
 * @throws InputError for settings that are not an experiment
 */
export function describeExperiment(settings: object): string {
  resolveConfig(settings, "settings");
  const document = new Document(settings);
  if (isMap(document.contents)) {
    for (const pair of document.contents.items) {
      if (isPair(pair) && isScalar(pair.key) && isMap(pair.value)) pair.value.flow = true;
    }
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}
