/** Another value in the place of a key or a value of a JSON text. */
export function replaced(text: string, place: number, value: string): string {
  const places = [
    ...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:e-?\d+)?|true|false|null|\[\]|\{\}/g),
  ];
  const { index, 0: old } = places[place % places.length]!;
  const rest = text.slice(index + old.length);
  // A key has to stay text.
  const fitting = rest.startsWith(':') && !value.startsWith('"') ? JSON.stringify(value) : value;
  return text.slice(0, index) + fitting + rest;
}
