import { expectTypeOf } from 'vitest';
import { loadEnsemble, type Ensemble, type Prediction, type Tensor } from './index.ts';

expectTypeOf(loadEnsemble('bundle/')).resolves.toEqualTypeOf<Ensemble>();
expectTypeOf<Awaited<ReturnType<Ensemble['predict']>>>().toEqualTypeOf<Prediction>();

declare const output: Tensor;
expectTypeOf(Array.from(output.data)).toEqualTypeOf<(number | bigint)[]>();
if (output.dtype === 'float32') expectTypeOf(output.data).toExtend<Float32Array>();
expectTypeOf<Ensemble['device']['used']>().toEqualTypeOf<'cpu' | 'cuda'>();

declare const ensemble: Ensemble;
void ensemble.predict(new Float32Array(4));
void ensemble.predict({ x: { data: new Int32Array(1), dims: [1, 1] } }, { outputs: ['probs'] });
void ensemble.predict({ x: { bytes: new Uint8Array(4), dims: [1, 1] } }, { deadline: 5 });
// @ts-expect-error Plain numbers say nothing of their dtype.
void ensemble.predict([1, 2, 3, 4]);
// @ts-expect-error Doubles are no dtype of a bundle.
void ensemble.predict(new Float64Array(4));
// @ts-expect-error A typo is no device.
void loadEnsemble('bundle/', { device: 'gpu' });
