import { invalidGraph } from './invalid-graph.ts';
import { asObject } from '../artifacts/json.ts';

/** Element types as tfjs computes with them; undefined for strings, resources and the like. */
export type TensorType = 'float32' | 'int32' | 'bool';

/** The attributes of a node in either dialect of JSON: texts in base64 or as bytes, types by name or number, long numbers as text. */
export interface NodeAttributes {
  has(name: string): boolean;
  text(name: string, fallback?: string): string;
  texts(name: string): readonly string[];
  int(name: string, fallback?: number): number;
  ints(name: string): readonly number[];
  float(name: string, fallback: number): number;
  boolean(name: string, fallback: boolean): boolean;
  /** Undefined for types that tfjs holds in no tensor of numbers. */
  type(name: string): TensorType | undefined;
  /** -1 for an open dimension; undefined where the rank is unknown. */
  shape(name: string): readonly number[] | undefined;
  /** The name of a function. */
  func(name: string): string;
}

const typeNames: readonly string[] = [
  'INVALID FLOAT DOUBLE INT32 UINT8 INT16 INT8 STRING COMPLEX64 INT64 BOOL QINT8 QUINT8 QINT32 BFLOAT16 QINT16 QUINT16 UINT16',
  'COMPLEX128 HALF RESOURCE VARIANT UINT32 UINT64',
].flatMap((line) => line.split(' '));

const types: Readonly<Record<string, TensorType>> = {
  FLOAT: 'float32',
  DOUBLE: 'float32',
  HALF: 'float32',
  INT32: 'int32',
  INT64: 'int32',
  INT16: 'int32',
  INT8: 'int32',
  UINT8: 'int32',
  BOOL: 'bool',
};

export function readType(raw: unknown): TensorType | undefined {
  const name =
    typeof raw === 'number'
      ? typeNames[raw]
      : typeof raw === 'string'
        ? raw.replace(/^DT_/, '')
        : '';
  return name !== undefined && Object.hasOwn(types, name) ? types[name] : undefined;
}

/** `{ dim: [{ size: "3" }, { size: -1 }] }`; a dimension without a size is 0. Undefined where the rank is unknown. */
export function readShape(raw: unknown, where: string): readonly number[] | undefined {
  if (raw === undefined) return undefined;
  const { dim, unknownRank } = asObject(raw, where);
  if (unknownRank === true) return undefined;
  if (dim === undefined) return [];
  if (!Array.isArray(dim)) throw invalidGraph(where, 'has a shape whose dim is not a list');
  return dim.map((entry) => {
    const size = integer(asObject(entry, where)['size'] ?? 0);
    if (size === undefined || size < -1)
      throw invalidGraph(where, 'has a shape whose sides are not integers');
    return size;
  });
}

export function readAttributes(raw: unknown, where: string): NodeAttributes {
  const all = raw === undefined ? {} : asObject(raw, `${where}.attr`);
  const get = (name: string, key: string): unknown => {
    const entry = Object.hasOwn(all, name) ? all[name] : undefined;
    return entry === undefined ? undefined : asObject(entry, `${where}.attr.${name}`)[key];
  };
  const wrong = (name: string, what: string): Error =>
    invalidGraph(where, `has the attribute "${name}", which must be ${what}`);
  const list = (name: string, key: string): readonly unknown[] => {
    const found = asObject(get(name, 'list') ?? {}, `${where}.attr.${name}`)[key] ?? [];
    if (!Array.isArray(found)) throw wrong(name, 'a list');
    return found;
  };
  return {
    has: (name) => Object.hasOwn(all, name),
    text(name, fallback) {
      const value = text(get(name, 's')) ?? fallback;
      if (value === undefined) throw wrong(name, 'a text');
      return value;
    },
    texts: (name) =>
      list(name, 's').map((entry) => {
        const value = text(entry);
        if (value === undefined) throw wrong(name, 'a list of texts');
        return value;
      }),
    int(name, fallback) {
      const value = integer(get(name, 'i') ?? get(name, 'f') ?? fallback);
      if (value === undefined) throw wrong(name, 'an integer');
      return value;
    },
    ints: (name) =>
      list(name, 'i').map((entry) => {
        const value = integer(entry);
        if (value === undefined) throw wrong(name, 'a list of integers');
        return value;
      }),
    float(name, fallback) {
      const value = Number(get(name, 'f') ?? get(name, 'i') ?? fallback);
      if (typeof get(name, 'f') === 'object') throw wrong(name, 'a number');
      return value;
    },
    boolean(name, fallback) {
      const value = get(name, 'b') ?? fallback;
      if (typeof value !== 'boolean') throw wrong(name, 'true or false');
      return value;
    },
    type: (name) => readType(get(name, 'type')),
    shape: (name) => readShape(get(name, 'shape'), `${where}.attr.${name}`),
    func(name) {
      const value = asObject(get(name, 'func') ?? {}, `${where}.attr.${name}`)['name'];
      if (typeof value !== 'string') throw wrong(name, 'a function');
      return value;
    },
  };
}

function integer(raw: unknown): number | undefined {
  const value = typeof raw === 'string' && raw !== '' ? Number(raw) : raw;
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}

function text(raw: unknown): string | undefined {
  if (typeof raw === 'string') {
    try {
      return atob(raw);
    } catch {
      return undefined;
    }
  }
  const isBytes = Array.isArray(raw) && raw.every((byte) => Number.isInteger(byte));
  return isBytes ? String.fromCharCode(...(raw as number[]).slice(0, MAX_TEXT)) : undefined;
}

// Names of modes and equations; a call has only so many arguments.
const MAX_TEXT = 4096;
