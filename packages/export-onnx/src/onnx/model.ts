import type { TensorData } from './tensor-data.ts';

/** A dimension: exact, or the name of a symbol. */
export type Dim = number | string;
export type Shape = readonly Dim[];

/**
 * What this package does not interpret of a message that was read: its fields as they stood in the file. They are written
 * again as they were, so that reading and writing loses nothing.
 */
interface Carried {
  readonly rest?: Uint8Array;
}

/** A tensor that flows through a graph; `dtype` is ONNX's number for the element type. */
export interface ValueInfo extends Carried {
  readonly name: string;
  /** 0 where a file does not say, or where the value is no dense tensor. */
  readonly dtype: number;
  /** Undefined where a file does not say; '' for a dimension without a name. */
  readonly shape: Shape | undefined;
  /** The TypeProto as it was read, where dtype and shape are not all of it. */
  readonly type?: Uint8Array;
}

export type Attribute = AttributeValue & Carried;

type AttributeValue =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: TensorData; readonly tensorName?: string }
  | { readonly type: 'graph'; readonly value: Graph }
  | { readonly type: 'tensors'; readonly value: readonly TensorData[] }
  | { readonly type: 'graphs'; readonly value: readonly Graph[] }
  /** What has no shape of its own here (sparse tensors, types, references, odd element types): the fields as they were read. */
  | { readonly type: 'other'; readonly value: Uint8Array };

export interface Node extends Carried {
  readonly name: string;
  readonly opType: string;
  /** Default '', the standard operators. */
  readonly domain?: string;
  /** Names of values; '' where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Initializer extends Carried {
  readonly name: string;
  readonly data: TensorData;
}

/** A constant that this package does not compute with (sparse, external, strings, other element types), as it was read. */
export interface StoredInitializer {
  readonly name: string;
  readonly isSparse: boolean;
  /** Of its elements, where the file beside holds them. */
  readonly externalBytes?: number;
  /** The TensorProto or SparseTensorProto. */
  readonly bytes: Uint8Array;
}

/** Nodes in topological order; every name is defined once. */
export interface Graph extends Carried {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
  readonly storedInitializers?: readonly StoredInitializer[];
  /** Shapes of values in between, for people who look at the graph. */
  readonly valueInfo: readonly ValueInfo[];
}

/** A function that a file defines for its own nodes. */
export interface FunctionDefinition extends Carried {
  readonly name: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly Node[];
}

/** A file: one graph and what is said about it. */
export interface Model extends Carried {
  readonly irVersion: number;
  /** Version of the standard operators; 0 where a file names none. */
  readonly opset: number;
  /** Versions of other operators by domain. */
  readonly otherOpsets?: Readonly<Record<string, number>>;
  readonly functions?: readonly FunctionDefinition[];
  readonly producerName: string;
  readonly producerVersion: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly graph: Graph;
}

export const int = (value: number): Attribute => ({ type: 'int', value });
export const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });
export const float = (value: number): Attribute => ({ type: 'float', value });
export const floats = (value: readonly number[]): Attribute => ({ type: 'floats', value });
export const string = (value: string): Attribute => ({ type: 'string', value });
export const strings = (value: readonly string[]): Attribute => ({ type: 'strings', value });
