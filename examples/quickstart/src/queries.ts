import type { ImageDataset } from '@snapshot-ensemble/datasets';

/** What the server says about one image. */
export interface Answer {
  readonly index: number;
  readonly label: number;
  readonly prediction: number;
  readonly confidence: number;
  /** Entropy of the ensemble's prediction, in nats. */
  readonly entropy: number;
  /** How much of it is the members' disagreement, in nats. */
  readonly mutualInformation: number;
}

interface InferResponse {
  readonly outputs: readonly { readonly name: string; readonly data: readonly number[] }[];
  readonly error?: string;
}

/** Asks an Open Inference v2 server about some of the images. */
export async function askServer(
  url: string,
  model: { readonly name: string; readonly input: string; readonly output: string },
  { images, labels, height, width }: ImageDataset,
  indices: readonly number[],
): Promise<readonly Answer[]> {
  const pixels = height * width;
  const data = indices.flatMap((index) =>
    Array.from(images.subarray(index * pixels, (index + 1) * pixels)),
  );
  const response = await fetch(`${url}/v2/models/${model.name}/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      inputs: [
        { name: model.input, datatype: 'FP32', shape: [indices.length, height, width, 1], data },
      ],
    }),
  });
  const body = (await response.json()) as InferResponse;
  if (!response.ok) throw new Error(`The server answered ${response.status}: ${body.error}`);
  const output = (name: string) => body.outputs.find((candidate) => candidate.name === name)!.data;
  const probabilities = output(model.output);
  const classes = probabilities.length / indices.length;
  return indices.map((index, row) => {
    const ofRow = probabilities.slice(row * classes, (row + 1) * classes);
    const confidence = Math.max(...ofRow);
    return {
      index,
      label: labels[index]!,
      prediction: ofRow.indexOf(confidence),
      confidence,
      entropy: output(`${model.output}.predictive_entropy`)[row]!,
      mutualInformation: output(`${model.output}.mutual_information`)[row]!,
    };
  });
}

/** The first images, and those about which the ensemble is least certain. */
export function interestingImages(
  entropies: Float64Array,
  first: number,
  uncertain: number,
): number[] {
  const indices = Array.from(entropies.keys());
  const bySurprise = indices.toSorted((a, b) => entropies[b]! - entropies[a]!);
  return [...indices.slice(0, first), ...bySurprise.slice(0, uncertain)];
}

export function formatAnswers(answers: readonly Answer[]): string {
  return answers
    .map(
      ({ index, label, prediction, confidence, entropy, mutualInformation }) =>
        `  image ${String(index).padStart(4)}: a ${prediction}, ${(100 * confidence).toFixed(1).padStart(5)} % sure, uncertainty ${entropy.toFixed(3)} nats ` +
        `(disagreement ${mutualInformation.toFixed(3)})${prediction === label ? '' : `: wrong, it is a ${label}`}`,
    )
    .join('\n');
}
