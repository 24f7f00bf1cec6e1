import type { BundleManifest } from '../manifest.ts';

/** What is wrong with the description of what the graph does to its inputs. */
export function preprocessProblems({ inputs, preprocess = {} }: BundleManifest): readonly string[] {
  return Object.entries(preprocess).flatMap(([name, { layout, mean, deviation }]) => {
    const input = inputs.find((candidate) => candidate.name === name);
    if (input === undefined) return [`preprocess.${name}: there is no such input`];
    if (input.shape.length !== 4)
      return [`preprocess.${name}: rank ${input.shape.length}; images have rank 4`];
    const channels = input.shape[layout === 'nhwc' ? 3 : 1];
    return Object.entries({ mean, deviation })
      .filter(([, values]) => values.length !== 1 && values.length !== channels)
      .map(
        ([field, values]) =>
          `preprocess.${name}.${field}: ${values.length} numbers for ${String(channels)} channels; give one, or one per channel`,
      );
  });
}
