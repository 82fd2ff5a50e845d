// One AttributeProto message to an attribute.
import { decodeTensor } from "./decode-tensor.ts";
import { ATTRIBUTE } from "./fields.ts";
import { ATTRIBUTE_TYPE, type AttributeProto, type TensorProto } from "./model.ts";
import type { ProtoReader } from "./protobuf-reader.ts";

/**
 * Reads an attribute; undefined for the kinds outside the subset (subgraphs, lists of tensors, sparse tensors,
 * types), which no operator of the subset has. The `type` field decides which value counts; files older than IR
 * version 2 lack it, and then the value that is present does.
 *
 * @throws InputError when the value the type promises is missing
 */
export function decodeAttribute(reader: ProtoReader): AttributeProto | undefined {
  let name = "";
  let declared = 0;
  let found = 0;
  let float = 0;
  let int = 0;
  let string = "";
  let tensor: TensorProto | undefined;
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case ATTRIBUTE.name:
        name = reader.string();
        break;
      case ATTRIBUTE.type:
        declared = reader.int32();
        break;
      case ATTRIBUTE.float:
        float = reader.float();
        found = ATTRIBUTE_TYPE.float;
        break;
      case ATTRIBUTE.int:
        int = reader.safeInteger();
        found = ATTRIBUTE_TYPE.int;
        break;
      case ATTRIBUTE.string:
        string = reader.string();
        found = ATTRIBUTE_TYPE.string;
        break;
      case ATTRIBUTE.tensor:
        tensor = decodeTensor(reader.message("t"));
        found = ATTRIBUTE_TYPE.tensor;
        break;
      case ATTRIBUTE.floats:
        reader.floats(floats);
        found = ATTRIBUTE_TYPE.floats;
        break;
      case ATTRIBUTE.ints:
        reader.safeIntegers(ints);
        found = ATTRIBUTE_TYPE.ints;
        break;
      case ATTRIBUTE.strings:
        strings.push(reader.string());
        found = ATTRIBUTE_TYPE.strings;
        break;
      default:
        reader.skip();
    }
  }
  switch (declared === 0 ? found : declared) {
    // A zero or empty single value may be left out of the file, as protobuf leaves out defaults.
    case ATTRIBUTE_TYPE.float:
      return { name, type: "float", value: float };
    case ATTRIBUTE_TYPE.int:
      return { name, type: "int", value: int };
    case ATTRIBUTE_TYPE.string:
      return { name, type: "string", value: string };
    case ATTRIBUTE_TYPE.tensor:
      if (tensor === undefined) throw reader.error(`attribute "${name}" has no tensor`);
      return { name, type: "tensor", value: tensor };
    case ATTRIBUTE_TYPE.floats:
      return { name, type: "floats", value: floats };
    case ATTRIBUTE_TYPE.ints:
      return { name, type: "ints", value: ints };
    case ATTRIBUTE_TYPE.strings:
      return { name, type: "strings", value: strings };
    default:
      return undefined;
  }
}
