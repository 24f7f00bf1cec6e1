import type { LayersModel } from './tf.ts';

/** What a loss expects of an output. */
export type Expected = 'classes' | 'class logits' | 'sides' | 'side logits' | 'values';

const expected: Readonly<Record<Expected, readonly string[]>> = {
  classes: [
    ...['categoricalCrossentropy', 'sparseCategoricalCrossentropy'],
    ...['kullbackLeiblerDivergence', 'kld', 'KLD'],
  ],
  'class logits': ['softmaxCrossEntropy'],
  sides: ['binaryCrossentropy'],
  'side logits': ['sigmoidCrossEntropy'],
  values: [
    ...['meanSquaredError', 'mse', 'MSE', 'meanAbsoluteError', 'mae', 'MAE'],
    ...['meanAbsolutePercentageError', 'mape', 'MAPE', 'meanSquaredLogarithmicError', 'msle'],
    ...['MSLE', 'logcosh', 'poisson', 'cosineProximity', 'cosine', 'cosineDistance'],
    ...['huberLoss', 'absoluteDifference'],
  ],
};

/** What the loss of this name, of `compile` or of `tf.losses`, expects; undefined for any other. */
export function expectedBy(loss: string): Expected | undefined {
  return (Object.keys(expected) as Expected[]).find((each) => expected[each].includes(loss));
}

type Loss = string | ((...inputs: never[]) => unknown);

/** Names of the losses a model was compiled with, one for each output; null where there is none or it has no name. */
export function lossNames(model: LayersModel): readonly (string | null)[] {
  const { loss } = model as { loss?: Loss | readonly Loss[] | Readonly<Record<string, Loss>> };
  return model.outputNames.map((name, index) => {
    if (loss === undefined || typeof loss === 'string' || typeof loss === 'function') {
      return nameOf(loss);
    }
    return nameOf(
      Array.isArray(loss) ? (loss as Loss[])[index] : (loss as Record<string, Loss>)[name],
    );
  });
}

function nameOf(loss: Loss | undefined): string | null {
  const name = typeof loss === 'function' ? loss.name : loss;
  // tfjs puts this behind the names of its operations.
  const bare = name?.replace(/__op$/, '');
  return bare === undefined || bare === '' ? null : bare;
}

/** A topology with the losses beside it, where Keras has them too; tfjs and exporters pass over them. */
export function withLosses(topology: object, model: LayersModel): object {
  return { ...topology, training_config: { loss: lossNames(model) } };
}

/** The losses of a stored topology; none where it has none. */
export function lossesOf(topology: unknown): readonly (string | null)[] {
  const { training_config: config } = topology as {
    training_config?: { readonly loss?: readonly (string | null)[] };
  };
  return config?.loss ?? [];
}
