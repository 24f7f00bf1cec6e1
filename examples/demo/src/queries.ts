import type { ImageDataset } from '@snapshot-ensemble/datasets';

/** An image to ask about, and what it is. */
export interface Question {
  readonly pixels: Float32Array;
  readonly shape: readonly number[];
  readonly truth: string;
}

/** What the server says about one image. */
export interface Answer {
  readonly truth: string;
  readonly prediction: string;
  readonly confidence: number;
  /** How much of the uncertainty is the members' disagreement, in nats. */
  readonly disagreement: number;
  /** Whether the ensemble declines: its members disagree more than the policy allows. */
  readonly isDeclined: boolean;
}

interface InferResponse {
  readonly outputs: readonly {
    readonly name: string;
    readonly data: readonly number[];
  }[];
  readonly error?: string;
}

/** The first three garments and the first three digits. */
export function imagesToAsk(garments: ImageDataset, digits: ImageDataset): readonly Question[] {
  const first = (dataset: ImageDataset, article: string): Question[] =>
    [0, 1, 2].map((index) => {
      const { images, labels, classNames, height, width } = dataset;
      const pixels = images.slice(index * height * width, (index + 1) * height * width);
      return {
        pixels,
        shape: [height, width, 1],
        truth: `${article}${classNames[labels[index]!]!}`,
      };
    });
  return [...first(garments, ''), ...first(digits, 'a handwritten ')];
}

/** Asks an Open Inference v2 server about the images. */
export async function askServer(
  url: string,
  model: {
    readonly name: string;
    readonly input: string;
    readonly output: string;
    readonly classNames: readonly string[];
  },
  questions: readonly Question[],
): Promise<readonly Answer[]> {
  const { shape } = questions[0]!;
  const response = await fetch(`${url}/v2/models/${model.name}/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      inputs: [
        {
          name: model.input,
          datatype: 'FP32',
          shape: [questions.length, ...shape],
          data: questions.flatMap(({ pixels }) => Array.from(pixels)),
        },
      ],
    }),
  });
  const body = (await response.json()) as InferResponse;
  if (!response.ok) throw new Error(`The server answered ${response.status}: ${body.error}`);
  const output = (name: string) => body.outputs.find((candidate) => candidate.name === name)!.data;
  const probabilities = output(model.output);
  const classes = probabilities.length / questions.length;
  return questions.map(({ truth }, row) => {
    const ofRow = probabilities.slice(row * classes, (row + 1) * classes);
    const confidence = Math.max(...ofRow);
    return {
      truth,
      prediction: model.classNames[ofRow.indexOf(confidence)]!,
      confidence,
      disagreement: output(`${model.output}.mutual_information`)[row]!,
      isDeclined: Boolean(output(`${model.output}.abstain`)[row]),
    };
  });
}

/** The answers in words: the server names nothing that it declines. */
export function formatAnswers(answers: readonly Answer[]): string {
  const width = Math.max(...answers.map(({ truth }) => truth.length));
  return answers
    .map(({ truth, prediction, confidence, disagreement, isDeclined }) => {
      const says = isDeclined
        ? 'sorry, I have never seen anything like this'
        : `${prediction}, ${(100 * confidence).toFixed(1)} % sure`;
      return `  ${truth.padEnd(width)}  disagreement ${disagreement.toFixed(3)}: ${says}`;
    })
    .join('\n');
}
