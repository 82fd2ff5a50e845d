// Built-in images: deformed class templates in 1/f noise, correlated across colours, as a seed-determined stream.
import { type RandomStream, randomStream } from "../math/index.ts";
import { cosineField, evaluateField, fieldAmplitudes, gridBasis } from "./cosine-field.ts";
import type { SyntheticImagesSettings } from "./config.ts";
import { type DataSource, type ExampleSource, flatRows, generatedValues } from "./source.ts";

/** Displacements are smooth: built from this many frequencies per axis. */
const DISPLACEMENT_FREQUENCIES = 3;
/** Templates carry no detail finer than this many frequencies per axis, so deformed evaluation stays cheap. */
const TEMPLATE_FREQUENCIES = 8;

/**
 * Orthonormal colour directions: luminance, red against blue, green against the rest. Natural images vary most
 * along the first, which is what makes their channels correlated.
 */
const COLOURS: readonly (readonly number[])[] = [
  [1, 1, 1].map((value) => value / Math.sqrt(3)),
  [1, 0, -1].map((value) => value / Math.SQRT2),
  [1, -2, 1].map((value) => value / Math.sqrt(6)),
];

/** One colour plane per channel, each a set of cosine amplitudes of `frequencies`² entries. */
type Planes = readonly Float64Array[];

/**
 * Generates the images. An image of class y is
 *
 *   signal·contrast·(±1)·T_{y,m}(p + d(p)) + noise·F(p) + pixelNoise·ε(p)
 *
 * with m one of the class's `modes` templates, d a smooth random displacement, F a fresh field of the same 1/f^p
 * spectrum as the templates, and ε white. All fields have unit variance per pixel on average. Images and labels
 * come from one stream in order, so a smaller set is the beginning of a larger one with the same seed. Each image
 * costs O(size²·frequencies²·channels).
 */
export function syntheticImagesSource(settings: SyntheticImagesSettings): DataSource {
  const { classes, modes, size, channels, seed } = settings;
  const frequencies = Math.min(size, TEMPLATE_FREQUENCIES);
  const templateStream = randomStream(seed, "synthetic-images/templates");
  const amplitudes = fieldAmplitudes(frequencies, settings.spectrum);
  const templates = Array.from({ length: classes * modes }, () =>
    colourPlanes(templateStream, settings, amplitudes),
  );
  const split = (count: number, purpose: string): ExampleSource =>
    generate(settings, templates, count, randomStream(seed, `synthetic-images/${purpose}`));
  return {
    name: "synthetic-images",
    files: [],
    notes: [`generated with seed ${seed}`],
    inputShape: [channels, size, size],
    classes,
    columns: 0,
    dtype: "float32",
    train: split(settings.n, "train"),
    test: settings.testN === 0 ? null : split(settings.testN, "test"),
    trainName: "generated training images",
  };
}

/** Random planes with unit mean variance per pixel and channel, mixed along the colour directions. */
function colourPlanes(
  stream: RandomStream,
  { channels, colour }: SyntheticImagesSettings,
  amplitudes: Float64Array,
): Planes {
  const draw = (): Float64Array => amplitudes.map((amplitude) => amplitude * stream.normal());
  if (channels === 1) return [draw()];
  const directions = COLOURS.slice(0, channels).map((_, d) => ({
    strength: d === 0 ? 1 : colour,
    plane: draw(),
  }));
  const planes = Array.from({ length: channels }, () => new Float64Array(amplitudes.length));
  // Two channels use the first two directions' first and last entries: common and opposed.
  const entry = (direction: number, channel: number): number =>
    channels === 3
      ? COLOURS[direction]![channel]!
      : direction === 0 || channel === 0
        ? Math.SQRT1_2
        : -Math.SQRT1_2;
  const total = directions.reduce((sum, { strength }) => sum + strength * strength, 0);
  const scale = Math.sqrt(channels / total);
  planes.forEach((plane, channel) => {
    directions.forEach(({ strength, plane: source }, direction) => {
      const weight = scale * strength * entry(direction, channel);
      for (let k = 0; k < plane.length; k++) plane[k]! += weight * source[k]!;
    });
  });
  return planes;
}

function generate(
  settings: SyntheticImagesSettings,
  templates: readonly Planes[],
  count: number,
  stream: RandomStream,
): ExampleSource {
  const { size, channels, classes, modes } = settings;
  const area = size * size;
  const values = generatedValues(count, channels * area);
  const labels = new Uint16Array(count);
  const noiseAmplitudes = fieldAmplitudes(size, settings.spectrum);
  const noiseBasis = gridBasis(size, size);
  const smooth = Math.min(size, DISPLACEMENT_FREQUENCIES);
  const displacementAmplitudes = fieldAmplitudes(smooth, 2);
  const displacementBasis = gridBasis(size, smooth);
  const displacement = (): Float64Array =>
    cosineField(
      displacementAmplitudes.map((amplitude) => amplitude * stream.normal()),
      displacementBasis,
    );
  for (let i = 0; i < count; i++) {
    const label = stream.integer(classes);
    const template = templates[label * modes + stream.integer(modes)]!;
    const sign = stream.uniform() < settings.polarity ? -1 : 1;
    const strength = settings.signal * sign * Math.exp(settings.contrast * stream.normal());
    // Divided by √2 so that the length of the displacement, not each coordinate, has the stated size.
    const reach = (settings.deformation / Math.SQRT2) * size;
    const down = displacement().map((value) => value * reach);
    const right = displacement().map((value) => value * reach);
    const noise = colourPlanes(stream, settings, noiseAmplitudes);
    for (let channel = 0; channel < channels; channel++) {
      const image = values.subarray((i * channels + channel) * area, (i * channels + channel + 1) * area);
      const figure = evaluateField(template[channel]!, size, down, right);
      const ground = cosineField(noise[channel]!, noiseBasis);
      for (let p = 0; p < area; p++) {
        image[p] =
          strength * figure[p]! + settings.noise * ground[p]! + settings.pixelNoise * stream.normal();
      }
    }
    // Drawn for every image, so that the images do not depend on the fraction.
    const relabel = stream.uniform() < settings.labelNoise;
    const other = stream.integer(classes);
    labels[i] = relabel ? other : label;
  }
  return { count, row: flatRows(values, channels * area), divisor: 1, labels, targets: null };
}
