// ONNX bytes to model objects; the bytes may be anything.
import { InputError } from "../math/index.ts";
import { decodeAttribute } from "./decode-attribute.ts";
import { decodeTensor } from "./decode-tensor.ts";
import {
  DIMENSION,
  GRAPH,
  MODEL,
  NODE,
  OPERATOR_SET,
  SHAPE,
  STRING_ENTRY,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from "./fields.ts";
import type {
  AttributeProto,
  DimensionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  OperatorSetIdProto,
  TensorProto,
  ValueInfoProto,
} from "./model.ts";
import { ProtoReader } from "./protobuf-reader.ts";

/**
 * Reads an ONNX file. Fields outside the subset are passed over (documentation, functions, training information,
 * attributes that hold subgraphs); constants Brink cannot represent (sparse, external, other element types) are
 * errors. Tensor data is copied out of `bytes`. Linear in `bytes.length`, in time and in memory.
 *
 * @param fileName how the user knows these bytes, for error texts
 * @throws InputError, naming file, message and byte offset, when the bytes are not such a model
 */
export function decodeModel(bytes: Uint8Array, fileName = "ONNX model"): ModelProto {
  const reader = new ProtoReader(bytes, { file: fileName, path: "" });
  let irVersion = 0;
  let producerName = "";
  let producerVersion = "";
  let graph: GraphProto | undefined;
  const opsetImport: OperatorSetIdProto[] = [];
  const metadata = new Map<string, string>();
  while (reader.next()) {
    switch (reader.field) {
      case MODEL.irVersion:
        irVersion = reader.safeInteger();
        break;
      case MODEL.producerName:
        producerName = reader.string();
        break;
      case MODEL.producerVersion:
        producerVersion = reader.string();
        break;
      case MODEL.graph:
        if (graph !== undefined) throw reader.error("the model has two graphs");
        graph = decodeGraph(reader.message("graph"));
        break;
      case MODEL.opsetImport:
        opsetImport.push(decodeOperatorSet(reader.message(`opset_import[${opsetImport.length}]`)));
        break;
      case MODEL.metadataProps:
        decodeEntry(reader.message("metadata_props"), metadata);
        break;
      default:
        reader.skip();
    }
  }
  if (graph === undefined || opsetImport.length === 0) {
    throw new InputError("not an ONNX model", {
      file: fileName,
      hint: `It holds ${graph === undefined ? "no graph" : "no operator-set version"}.`,
    });
  }
  return { irVersion, producerName, producerVersion, opsetImport, graph, metadata };
}

function decodeOperatorSet(reader: ProtoReader): OperatorSetIdProto {
  let domain = "";
  let version = 0;
  while (reader.next()) {
    if (reader.field === OPERATOR_SET.domain) domain = reader.string();
    else if (reader.field === OPERATOR_SET.version) version = reader.safeInteger();
    else reader.skip();
  }
  // "ai.onnx" is the long name of the standard set.
  return { domain: domain === "ai.onnx" ? "" : domain, version };
}

function decodeEntry(reader: ProtoReader, into: Map<string, string>): void {
  let key = "";
  let value = "";
  while (reader.next()) {
    if (reader.field === STRING_ENTRY.key) key = reader.string();
    else if (reader.field === STRING_ENTRY.value) value = reader.string();
    else reader.skip();
  }
  into.set(key, value);
}

function decodeGraph(reader: ProtoReader): GraphProto {
  let name = "";
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const inputs: ValueInfoProto[] = [];
  const outputs: ValueInfoProto[] = [];
  const valueInfo: ValueInfoProto[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case GRAPH.node:
        nodes.push(decodeNode(reader.message(`node[${nodes.length}]`)));
        break;
      case GRAPH.name:
        name = reader.string();
        break;
      case GRAPH.initializer:
        initializers.push(decodeTensor(reader.message(`initializer[${initializers.length}]`)));
        break;
      case GRAPH.input:
        inputs.push(decodeValueInfo(reader.message(`input[${inputs.length}]`)));
        break;
      case GRAPH.output:
        outputs.push(decodeValueInfo(reader.message(`output[${outputs.length}]`)));
        break;
      case GRAPH.valueInfo:
        valueInfo.push(decodeValueInfo(reader.message(`value_info[${valueInfo.length}]`)));
        break;
      case GRAPH.sparseInitializer:
        throw reader.error("sparse initializers are not supported");
      default:
        reader.skip();
    }
  }
  return { name, nodes, initializers, inputs, outputs, valueInfo };
}

function decodeNode(reader: ProtoReader): NodeProto {
  let opType = "";
  let domain = "";
  let name = "";
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: AttributeProto[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case NODE.input:
        inputs.push(reader.string());
        break;
      case NODE.output:
        outputs.push(reader.string());
        break;
      case NODE.name:
        name = reader.string();
        break;
      case NODE.opType:
        opType = reader.string();
        break;
      case NODE.domain:
        domain = reader.string();
        break;
      case NODE.attribute: {
        const attribute = decodeAttribute(reader.message(`attribute[${attributes.length}]`));
        if (attribute !== undefined) attributes.push(attribute);
        break;
      }
      default:
        reader.skip();
    }
  }
  return { opType, domain: domain === "ai.onnx" ? "" : domain, name, inputs, outputs, attributes };
}

function decodeValueInfo(reader: ProtoReader): ValueInfoProto {
  let name = "";
  let type: Omit<ValueInfoProto, "name"> = { elementType: 0 };
  while (reader.next()) {
    if (reader.field === VALUE_INFO.name) name = reader.string();
    else if (reader.field === VALUE_INFO.type) type = decodeType(reader.message("type"));
    else reader.skip();
  }
  return { name, ...type };
}

function decodeType(reader: ProtoReader): Omit<ValueInfoProto, "name"> {
  let elementType = 0;
  let shape: DimensionProto[] | undefined;
  while (reader.next()) {
    if (reader.field !== TYPE.tensorType) {
      reader.skip();
      continue;
    }
    const tensor = reader.message("tensor_type");
    while (tensor.next()) {
      if (tensor.field === TENSOR_TYPE.elementType) elementType = tensor.int32();
      else if (tensor.field === TENSOR_TYPE.shape) shape = decodeShape(tensor.message("shape"));
      else tensor.skip();
    }
  }
  return shape === undefined ? { elementType } : { elementType, shape };
}

function decodeShape(reader: ProtoReader): DimensionProto[] {
  const shape: DimensionProto[] = [];
  while (reader.next()) {
    if (reader.field !== SHAPE.dim) {
      reader.skip();
      continue;
    }
    const axis = reader.message(`dim[${shape.length}]`);
    let dim: DimensionProto = null;
    while (axis.next()) {
      if (axis.field === DIMENSION.value) dim = axis.safeInteger();
      else if (axis.field === DIMENSION.parameter) dim = axis.string();
      else axis.skip();
    }
    shape.push(dim);
  }
  return shape;
}
