/** `LeakyReLU` → `leaky_re_lu`, as tfjs makes the first half of a layer's default name. */
function toSnakeCase(name: string): string {
  return name
    .replace(/(.)([A-Z][a-z0-9]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/**
 * A name as a person would write it: tfjs calls its first dense layer `dense_Dense1`; this is `dense_1`. Names that people
 * chose stay.
 */
export function cleanName(name: string): string {
  const match = /^(.+)_([A-Z][A-Za-z0-9]*?)(\d+)(_input)?$/.exec(name);
  if (match === null) return name;
  const [, prefix, className, count, suffix = ''] = match;
  // A class that ends in a digit (Conv2D1) leaves the split open; the prefix decides.
  return toSnakeCase(className!) === prefix ? `${prefix}_${count!}${suffix}` : name;
}
