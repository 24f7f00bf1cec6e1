/** A field of numbers along an axis that need not begin at zero. */
export function quantitative(
  field: string,
  title: string,
  format: string,
): Readonly<Record<string, unknown>> {
  return { field, type: 'quantitative', title, scale: { zero: false }, axis: { format } };
}
