// Model objects to ONNX bytes.
import {
  ATTRIBUTE,
  DIMENSION,
  GRAPH,
  MODEL,
  NODE,
  OPERATOR_SET,
  SHAPE,
  STRING_ENTRY,
  TENSOR,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from "./fields.ts";
import {
  ATTRIBUTE_TYPE,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  tensorProto,
  type ValueInfoProto,
} from "./model.ts";
import { ProtoWriter } from "./protobuf-writer.ts";

/**
 * The model as an ONNX file. Tensor elements go out as little-endian raw data, copied once; linear in the size of
 * the model.
 *
 * @throws InputError when a tensor's elements do not match its type or shape, or an integer is not safe
 * @throws RunError when the file would reach 2 GiB
 */
export function encodeModel(model: ModelProto): Uint8Array<ArrayBuffer> {
  const writer = new ProtoWriter();
  writer.integer(MODEL.irVersion, model.irVersion);
  writeText(writer, MODEL.producerName, model.producerName);
  writeText(writer, MODEL.producerVersion, model.producerVersion);
  writer.message(MODEL.graph, (graph) => writeGraph(graph, model.graph));
  for (const opset of model.opsetImport) {
    writer.message(MODEL.opsetImport, (entry) => {
      writeText(entry, OPERATOR_SET.domain, opset.domain);
      entry.integer(OPERATOR_SET.version, opset.version);
    });
  }
  for (const [key, value] of model.metadata) {
    writer.message(MODEL.metadataProps, (entry) => {
      entry.string(STRING_ENTRY.key, key);
      entry.string(STRING_ENTRY.value, value);
    });
  }
  return writer.finish();
}

function writeGraph(writer: ProtoWriter, graph: GraphProto): void {
  for (const node of graph.nodes) writer.message(GRAPH.node, (entry) => writeNode(entry, node));
  writeText(writer, GRAPH.name, graph.name);
  for (const tensor of graph.initializers) {
    writer.message(GRAPH.initializer, (entry) => writeTensor(entry, tensor));
  }
  const lists = [
    [GRAPH.input, graph.inputs],
    [GRAPH.output, graph.outputs],
    [GRAPH.valueInfo, graph.valueInfo],
  ] as const;
  for (const [field, values] of lists) {
    for (const value of values) writer.message(field, (entry) => writeValueInfo(entry, value));
  }
}

function writeNode(writer: ProtoWriter, node: NodeProto): void {
  // Names of inputs are written even when empty: an empty one marks an absent optional input.
  for (const input of node.inputs) writer.string(NODE.input, input);
  for (const output of node.outputs) writer.string(NODE.output, output);
  writeText(writer, NODE.name, node.name);
  writer.string(NODE.opType, node.opType);
  for (const attribute of node.attributes) {
    writer.message(NODE.attribute, (entry) => writeAttribute(entry, attribute));
  }
  writeText(writer, NODE.domain, node.domain);
}

function writeAttribute(writer: ProtoWriter, attribute: AttributeProto): void {
  writer.string(ATTRIBUTE.name, attribute.name);
  switch (attribute.type) {
    // Single values are written even when zero or empty: readers with field presence look for the field itself.
    case "float":
      writer.float(ATTRIBUTE.float, attribute.value);
      break;
    case "int":
      writer.integer(ATTRIBUTE.int, attribute.value);
      break;
    case "string":
      writer.string(ATTRIBUTE.string, attribute.value);
      break;
    case "tensor":
      writer.message(ATTRIBUTE.tensor, (entry) => writeTensor(entry, attribute.value));
      break;
    case "floats":
      writer.floats(ATTRIBUTE.floats, attribute.value);
      break;
    case "ints":
      writer.integers(ATTRIBUTE.ints, attribute.value);
      break;
    case "strings":
      for (const text of attribute.value) writer.string(ATTRIBUTE.strings, text);
      break;
  }
  writer.integer(ATTRIBUTE.type, ATTRIBUTE_TYPE[attribute.type]);
}

function writeTensor(writer: ProtoWriter, tensor: TensorProto): void {
  const { dims, dataType, data, name } = tensorProto(tensor.name, tensor.dataType, tensor.dims, tensor.data);
  writer.integers(TENSOR.dims, dims);
  writer.integer(TENSOR.dataType, dataType);
  writeText(writer, TENSOR.name, name);
  writer.bytes(TENSOR.rawData, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function writeValueInfo(writer: ProtoWriter, value: ValueInfoProto): void {
  writer.string(VALUE_INFO.name, value.name);
  if (value.elementType === 0 && value.shape === undefined) return;
  writer.message(VALUE_INFO.type, (type) => {
    type.message(TYPE.tensorType, (tensor) => {
      tensor.integer(TENSOR_TYPE.elementType, value.elementType);
      const { shape } = value;
      if (shape === undefined) return;
      tensor.message(TENSOR_TYPE.shape, (entry) => {
        for (const dim of shape) {
          entry.message(SHAPE.dim, (axis) => {
            if (typeof dim === "number") axis.integer(DIMENSION.value, dim);
            else if (dim !== null) axis.string(DIMENSION.parameter, dim);
          });
        }
      });
    });
  });
}

/** Protobuf's default for a text field is the empty string, so an empty one need not be written. */
function writeText(writer: ProtoWriter, field: number, value: string): void {
  if (value !== "") writer.string(field, value);
}
