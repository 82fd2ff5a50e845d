// The one table of operators. Adding an operator means adding an entry to one of these files, nothing else:
// shapes, derivatives, reference kernel, ONNX lowering and conformance test all read it from here.
import type { OperatorTable } from "../graph.ts";
import { convolution } from "./convolution.ts";
import { elementwise } from "./elementwise.ts";
import { matrix } from "./matmul.ts";
import { pooling } from "./pooling.ts";
import { reduce } from "./reduce.ts";
import { structure } from "./structure.ts";

export const operators: OperatorTable = {
  ...elementwise,
  ...structure,
  ...reduce,
  ...matrix,
  ...convolution,
  ...pooling,
};
