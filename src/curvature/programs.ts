// The tensor programs of one problem (network, loss, m examples): sums over examples that add onto a running total.
import { perExampleLoss, parameterInputs, type LossName, type Network } from "../nets/index.ts";
import {
  add,
  broadcastTo,
  createGraph,
  expand,
  grad,
  inner,
  jvp,
  mul,
  partition,
  stopGradient,
  sum,
  type Graph,
  type Node,
  topologicalOrder,
  type Program,
} from "../tensor/index.ts";
import { type Along, formAndGradient, lineDerivatives } from "./directional.ts";

/** Inputs every program of a problem may use; which ones it does use is in `Program.inputs`. */
export interface ProblemInputs {
  readonly parameters: readonly Node[];
  /** Running total the program adds its result to, shaped like the parameters. */
  readonly total: readonly Node[];
  /** Probe direction(s), shaped like the parameters. */
  readonly probe: readonly Node[];
  readonly x: Node;
  readonly y: Node;
  /** Factor on the sum over examples that goes into the total: 1/n for a gradient, −η/b for a descent step. */
  readonly weight: Node;
}

/** What is asked of one point again and again, with everything that does not depend on the probe computed once. */
export type ProbeKind = "hessianProduct" | "sharpnessGradient" | "projections";

/** Programs that share the values kept at one point. Their inputs end with those of `keptInputs` they use. */
export interface Linearisation {
  readonly once: Program;
  readonly often: Readonly<Record<ProbeKind, Program>>;
  /** One per output of `once`, in its order. */
  readonly keptInputs: readonly Node[];
}

/**
 * Programs over `examples` examples. Each returns a plain sum over examples as its first output where it says
 * so, and adds `weight` times a parameter-shaped sum to `total`, so that full-batch results are chains of chunks.
 */
export class ProblemPrograms {
  readonly inputs: ProblemInputs;
  readonly #losses: Node;
  readonly #logits: Node;

  constructor(network: Network, loss: LossName, examples: number) {
    const graph: Graph = createGraph();
    const like = (prefix: string): Node[] =>
      network.layout.entries.map((entry) => graph.input(`${prefix}/${entry.name}`, entry.shape));
    this.inputs = {
      parameters: parameterInputs(graph, network.layout),
      total: like("total"),
      probe: like("probe"),
      x: graph.input("x", [examples, ...network.inputShape]),
      y: graph.input("y", [examples, network.outputs]),
      weight: graph.input("weight", []),
    };
    this.#logits = network.forward(this.inputs.parameters, this.inputs.x);
    this.#losses = perExampleLoss(loss, this.#logits, this.inputs.y);
  }

  /** Σℓ_i and logits. */
  evaluation(): Program {
    const { parameters, x, y } = this.inputs;
    return { inputs: [...parameters, x, y], outputs: [sum(this.#losses), this.#logits] };
  }

  /** Σℓ_i, and total + weight·∇Σℓ_i. With total = θ and weight = −η/b this is a whole SGD step. */
  gradient(): Program {
    const { parameters, total, x, y, weight } = this.inputs;
    const gradients = grad(this.#weighted(), parameters);
    return {
      inputs: [...parameters, ...total, x, y, weight],
      outputs: [sum(this.#losses), ...this.#accumulated(gradients)],
    };
  }

  /** total + weight·∇²Σℓ_i·probe: forward over reverse. */
  hessianProduct(): Program {
    const { parameters, total, probe, x, y, weight } = this.inputs;
    const gradients = grad(this.#weighted(), parameters).map((g, k) =>
      broadcastTo(g ?? parameters[k]!.graph.constant(0), parameters[k]!.shape),
    );
    const products = jvp(gradients, this.#along());
    return {
      inputs: [...parameters, ...total, ...probe, x, y, weight],
      outputs: this.#accumulated(products),
    };
  }

  /** Everything along a probe, split into what a new probe leaves alone and what it does not. */
  linearisation(): Linearisation {
    const { parameters, total, probe, x, y, weight } = this.inputs;
    const parts = {
      hessianProduct: this.hessianProduct().outputs,
      sharpnessGradient: this.sharpnessGradient().outputs,
      projections: this.projections().outputs,
    };
    const inputs = [...parameters, ...total, ...probe, x, y, weight];
    const together = { inputs, outputs: Object.values(parts).flat() };
    const { once, often, kept } = partition(together, [...probe, ...total]);
    const programOf = (kind: ProbeKind): Program => {
      const outputs = parts[kind].map((node) => often.outputs[together.outputs.indexOf(node)]!);
      const used = new Set(topologicalOrder(outputs));
      return { inputs: often.inputs.filter((input) => used.has(input)), outputs };
    };
    const keptInputs = often.inputs.slice(often.inputs.length - kept.length);
    return {
      once,
      often: {
        hessianProduct: programOf("hessianProduct"),
        sharpnessGradient: programOf("sharpnessGradient"),
        projections: programOf("projections"),
      },
      keptInputs,
    };
  }

  /**
   * weight·∇²Σℓ_i[probe, probe], and total + weight·∇³Σℓ_i[probe, probe, ·]: reverse over two forward passes,
   * the probe held constant (Damian et al. 2022: ∇S = ∇³L(u, u)).
   */
  sharpnessGradient(): Program {
    return this.#formAndGradient(2);
  }

  /** The same one order higher: weight·∇³Σℓ_i[probe³], and total + weight·∇⁴Σℓ_i[probe³, ·]. */
  thirdDerivativeGradient(): Program {
    return this.#formAndGradient(3);
  }

  /** weight·∇^kΣℓ_i[probe^k] for k = 0, 1, 2: loss, slope and curvature along the probe, forward mode only. */
  lineCurvature(): Program {
    return this.#line(2);
  }

  /** The same to k = 4. */
  lineDerivatives(): Program {
    return this.#line(4);
  }

  /**
   * g·Hg and the squares of g, for g = weight·∇Σℓ_i and H = weight·∇²Σℓ_i: both in one, so that g never leaves the engine.
   * The squares come summed over all but the first axis of each parameter; whoever adds those up may do it in double.
   */
  gradientCurvature(): Program {
    const { parameters, x, y, weight } = this.inputs;
    const gradients = grad(this.#weighted(), parameters).map((g, k) =>
      g === null ? expand(weight.graph.constant(0), parameters[k]!.shape) : g,
    );
    // Constant along the line, although it depends on where the line begins.
    const along = new Map(parameters.map((parameter, k) => [parameter, stopGradient(gradients[k]!)]));
    const squares = gradients.map((g) => {
      const inner = g.shape.map((_, axis) => axis).slice(1);
      return inner.length === 0 ? mul(g, g) : sum(mul(g, g), inner);
    });
    return {
      inputs: [...parameters, x, y, weight],
      outputs: [lineDerivatives(this.#weighted(), along, 2)[2]!, ...squares],
    };
  }

  /** ⟨∇ℓ_i, probe⟩ for every example: one forward-mode pass instead of n gradients. Shape [examples]. */
  projections(): Program {
    const { parameters, probe, x, y } = this.inputs;
    const [slopes] = jvp([this.#losses], this.#along());
    const zero = expand(this.inputs.weight.graph.constant(0), this.#losses.shape);
    return { inputs: [...parameters, ...probe, x, y], outputs: [slopes ?? zero] };
  }

  #formAndGradient(order: number): Program {
    const { parameters, total, probe, x, y, weight } = this.inputs;
    const { form, gradient } = formAndGradient(this.#weighted(), this.#along(), order);
    return {
      inputs: [...parameters, ...total, ...probe, x, y, weight],
      outputs: [form, ...this.#accumulated(gradient)],
    };
  }

  #line(order: number): Program {
    const { parameters, probe, x, y, weight } = this.inputs;
    return {
      inputs: [...parameters, ...probe, x, y, weight],
      outputs: lineDerivatives(this.#weighted(), this.#along(), order),
    };
  }

  /** Parameters moving along the probe. */
  #along(): Along {
    const { parameters, probe } = this.inputs;
    return new Map(parameters.map((parameter, k) => [parameter, probe[k]!]));
  }

  /** Scaling the loss of each example at the root keeps every later operation on small tensors. */
  #weighted(): Node {
    return inner(this.#losses, broadcastTo(this.inputs.weight, this.#losses.shape));
  }

  #accumulated(parts: readonly (Node | null)[]): Node[] {
    return this.inputs.total.map((node, k) => {
      const part = parts[k];
      // A constant total output would not depend on the input; ONNX needs the identity spelled out.
      return part ? add(node, part) : mul(node, 1);
    });
  }
}
