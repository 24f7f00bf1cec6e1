/** A word of an enum, written without quotes. */
export interface Word {
  readonly word: string;
}

export type Value = string | number | boolean | Word | Message | readonly Value[];

/** Fields of a protobuf message in the order in which they are written; a list repeats its field. */
export interface Message {
  readonly [field: string]: Value | undefined;
}

/** The message in protobuf's text format, two spaces a level. */
export function textProto(message: Message, indent = ''): string {
  return Object.entries(message)
    .flatMap(([field, value]) => lines(field, value, indent))
    .join('');
}

function lines(field: string, value: Value | undefined, indent: string): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value))
    return (value as readonly Value[]).flatMap((one) => lines(field, one, indent));
  if (typeof value !== 'object') return [`${indent}${field}: ${JSON.stringify(value)}\n`];
  if (isWord(value)) return [`${indent}${field}: ${value.word}\n`];
  return [`${indent}${field} {\n${textProto(value as Message, `${indent}  `)}${indent}}\n`];
}

function isWord(value: object): value is Word {
  return 'word' in value && typeof value.word === 'string';
}
