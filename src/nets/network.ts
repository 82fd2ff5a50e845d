// Networks: from a configuration, an input shape and a number of outputs to a layout and a forward program.
import { InputError } from "../math/index.ts";
import { sameShape, type Node, type Shape } from "../tensor/index.ts";
import { activationText } from "./activations.ts";
import { resolveNet, type NetConfig, type ResolvedNet } from "./config.ts";
import { layoutOf, type ParameterLayout } from "./layout.ts";
import {
  activation,
  columns,
  convolution,
  flatten,
  linear,
  meanField,
  pooling,
  type Module,
} from "./modules.ts";

/** A network: f(θ, x), linear algebra only, no state. */
export interface Network {
  /** One line, for example `3×32×32 → 200 → 200 → 10, tanh`. */
  readonly description: string;
  readonly layout: ParameterLayout;
  /** Shape of one example. */
  readonly inputShape: Shape;
  /** Number of outputs. */
  readonly outputs: number;
  /** The choices it was built from; `initialParameters` reads its initialisation. */
  readonly config: ResolvedNet;
  /**
   * @param parameters one node for each entry of `layout`, in order and of its shape
   * @param x n examples, [n, ...inputShape]
   * @returns outputs, [n, outputs]
   * @throws InputError when a shape does not fit
   */
  forward(parameters: readonly Node[], x: Node): Node;
}

/**
 * Builds a network. Tensors are named as in the PyTorch `nn.Sequential` that would run on the same input, counting
 * activation, pooling and flatten modules: an MLP on vectors has `0.weight`, `2.weight`, …, on images (which
 * need an `nn.Flatten` first) `1.weight`, `3.weight`, …
 *
 * @param inputShape shape of one example: [features] or [channels, height, width]; anything is flattened for an MLP
 * @param outputs number of target columns
 * @throws InputError for unknown names (with the nearest), impossible sizes, images too small for the pooling
 */
export function buildNetwork(config: NetConfig, inputShape: Shape, outputs: number): Network {
  const net = resolveNet(config);
  if (!Number.isSafeInteger(outputs) || outputs < 1) {
    throw new InputError("a network needs at least one output", { received: String(outputs) });
  }
  if (inputShape.length === 0 || !inputShape.every((dim) => Number.isSafeInteger(dim) && dim >= 1)) {
    throw new InputError("bad shape of one example", {
      received: `[${inputShape.join(",")}]`,
      allowed: "positive dimensions",
    });
  }
  const modules = sequence(net, inputShape, outputs);
  let layer = -1;
  const layout = layoutOf(
    modules.flatMap((module, index) => {
      if (module.parameters.length > 0) layer++;
      const own = layer;
      return module.parameters.map((parameter) => ({
        ...parameter,
        name: `${index}.${parameter.kind}`,
        layer: own,
      }));
    }),
  );
  return {
    description: describe(net, inputShape, outputs),
    layout,
    inputShape,
    outputs,
    config: net,
    forward: (parameters, x) => forward(modules, layout, inputShape, parameters, x),
  };
}

function sequence(net: ResolvedNet, inputShape: Shape, outputs: number): Module[] {
  const modules: Module[] = [];
  let shape = inputShape;
  const push = (module: Module): void => {
    modules.push(module);
    shape = module.output;
  };
  const act = (): void => {
    if (net.activation !== null) push(activation(net.activation, shape));
  };
  if (net.channels.length > 0 && inputShape.length !== 3) {
    throw new InputError("a convolutional network needs images", {
      field: "net.name",
      received: `examples of shape [${inputShape.join(",")}]`,
      allowed: "[channels, height, width]",
    });
  }
  for (const channels of net.channels) {
    push(convolution(shape, channels, net.kernel, net.padding, net.bias !== false));
    act();
    push(pooling(net.pooling, shape));
  }
  if (shape.length > 1) push(flatten(shape));
  if (net.meanField) return [...modules, meanField(shape[0]!, net.hidden[0]!, outputs, net.activation!)];
  for (const width of net.hidden) {
    push(linear(shape[0]!, width, net.bias !== false));
    act();
  }
  push(linear(shape[0]!, outputs, net.outputBias));
  return modules;
}

function forward(
  modules: readonly Module[],
  layout: ParameterLayout,
  inputShape: Shape,
  parameters: readonly Node[],
  x: Node,
): Node {
  if (!sameShape(x.shape.slice(1), inputShape)) {
    throw new InputError("examples do not fit the network", {
      received: `[${x.shape.join(",")}]`,
      allowed: `[n,${inputShape.join(",")}]`,
    });
  }
  layout.entries.forEach((entry, k) => {
    const given = parameters[k]?.shape;
    if (given && sameShape(given, entry.shape)) return;
    throw new InputError("parameter does not fit the network", {
      field: entry.name,
      received: given ? `[${given.join(",")}]` : "nothing",
      allowed: `[${entry.shape.join(",")}]`,
    });
  });
  let position = 0;
  let value = x.shape.length === 2 ? columns(x) : x;
  for (const module of modules) {
    const own = parameters.slice(position, position + module.parameters.length);
    position += own.length;
    value = module.forward(own, value);
  }
  return columns(value);
}

function describe(net: ResolvedNet, inputShape: Shape, outputs: number): string {
  const blocks = net.channels.map(
    (channels) => `conv${net.kernel} ${channels} ${net.pooling === "max" ? "maxpool" : "avgpool"}`,
  );
  const sizes = [inputShape.join("×"), ...blocks, ...net.hidden.map(String), String(outputs)];
  if (net.meanField) sizes[sizes.length - 2] = `${outputs}×${net.hidden[0]!} mean-field`;
  const act = net.activation === null ? "linear" : activationText(net.activation);
  const bias = net.bias === false && !net.outputBias ? ", no bias" : "";
  return `${sizes.join(" → ")}, ${act}${bias}`;
}
