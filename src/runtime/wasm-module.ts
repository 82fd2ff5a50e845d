// WebAssembly modules from expressions: functions over one imported memory, as small kernels need them, and no more.

/** Instructions; of an expression, they leave one value on the stack. */
export type Code = readonly number[];

/** Types of parameters and locals. */
export type ValueType = "i32" | "f32" | "f64" | "v128";

const TYPES: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** A parameter or local variable. */
export interface Local {
  readonly get: Code;
  readonly set: (value: Code) => Code;
  /** Sets and leaves the value on the stack. */
  readonly tee: (value: Code) => Code;
}

/** One function: parameters first, locals as they are asked for. It returns nothing. */
export class WasmFunction {
  readonly name: string;
  readonly #params: readonly ValueType[];
  readonly #locals: ValueType[] = [];
  #body: Code = [];

  constructor(name: string, params: readonly ValueType[]) {
    this.name = name;
    this.#params = params;
  }

  /** The parameters in their order. */
  get params(): readonly Local[] {
    return this.#params.map((_, index) => localAt(index));
  }

  /** A new local variable, 0 at the start. */
  local(type: ValueType): Local {
    this.#locals.push(type);
    return localAt(this.#params.length + this.#locals.length - 1);
  }

  /** A new local for each of `count`. */
  locals(type: ValueType, count: number): Local[] {
    return Array.from({ length: count }, () => this.local(type));
  }

  /** Adds instructions at the end. */
  append(...code: Code[]): void {
    this.#body = [...this.#body, ...code.flat()];
  }

  /** Its signature and its body as the format has them. */
  encode(): { type: Code; body: Code } {
    const locals = list(this.#locals.map((type) => [1, TYPES[type]]));
    const code = [...locals, ...this.#body, END];
    return {
      type: [0x60, ...list(this.#params.map((type) => [TYPES[type]])), 0],
      body: [...unsigned(code.length), ...code],
    };
  }
}

function localAt(index: number): Local {
  const at = unsigned(index);
  return {
    get: [0x20, ...at],
    set: (value) => [...value, 0x21, ...at],
    tee: (value) => [...value, 0x22, ...at],
  };
}

const END = 0x0b;

/** Arithmetic of 32-bit integers: pointers and counters. */
export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  add: (a: Code, b: Code): Code => [...a, ...b, 0x6a],
  sub: (a: Code, b: Code): Code => [...a, ...b, 0x6b],
  /** 1 where they differ. */
  differ: (a: Code, b: Code): Code => [...a, ...b, 0x47],
} as const;

/** Repeats `body` while `again`, asked at its end, is not 0. */
export function repeat(body: readonly Code[], again: Code): Code {
  return [0x03, 0x40, ...body.flat(), ...again, 0x0d, 0, END];
}

/** `then` where `condition` is not 0, else `otherwise`. */
export function branch(condition: Code, then: readonly Code[], otherwise: readonly Code[] = []): Code {
  const alternative = otherwise.length === 0 ? [] : [0x05, ...otherwise.flat()];
  return [...condition, 0x04, 0x40, ...then.flat(), ...alternative, END];
}

/** The part of JavaScript's `WebAssembly` that Brink touches; every platform has it, ECMAScript's library does not name it. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

/** What kernels do: numbers in, results in memory. */
export type Kernel = (...values: number[]) => void;

/** Functions that share one memory. */
export interface WasmInstance {
  readonly memory: ArrayBuffer;
  /** Throws RangeError for a name the module lacks. */
  readonly kernel: (name: string) => Kernel;
}

const PAGE = 65_536;
/** \0asm, version 1. */
const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** Functions, encoded and compiled once. */
export class WasmModule {
  readonly #module: object;

  /** Needs what browsers' content policies call `wasm-unsafe-eval`, as ONNX Runtime does. */
  constructor(functions: readonly WasmFunction[]) {
    this.#module = new WebAssembly.Module(encodeWasm(functions));
  }

  /** The functions over a memory of their own of at least so many bytes, all 0. */
  instantiate(bytes: number): WasmInstance {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
    const { exports } = new WebAssembly.Instance(this.#module, { env: { memory } });
    const kernels = exports as Readonly<Record<string, Kernel>>;
    const kernel = (name: string): Kernel => {
      const found = kernels[name];
      if (found === undefined) throw new RangeError(`no kernel ${name}`);
      return found;
    };
    return { memory: memory.buffer, kernel };
  }
}

/** The bytes of a module that imports `env.memory` and exports every function. */
export function encodeWasm(functions: readonly WasmFunction[]): Uint8Array {
  const encoded = functions.map((each) => each.encode());
  const each = functions.map((_, index) => unsigned(index));
  return Uint8Array.from([
    ...HEADER,
    ...section(1, list(encoded.map(({ type }) => type))),
    ...section(2, list([[...text("env"), ...text("memory"), 2, 0, 1]])),
    ...section(3, list(each)),
    ...section(7, list(functions.map(({ name }, index) => [...text(name), 0, ...each[index]!]))),
    ...section(10, list(encoded.map(({ body }) => body))),
  ]);
}

function section(id: number, content: Code): Code {
  return [id, ...unsigned(content.length), ...content];
}

function list(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

/** ASCII, as all names here are. */
function text(name: string): Code {
  return list(Array.from(name, (letter) => [letter.charCodeAt(0)]));
}

/** LEB128. */
export function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

function signed(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  for (; rest < -64 || rest > 63; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest & 0x7f];
}
