import { expectTypeOf } from 'vitest';
import { loadEnsemble, type Ensemble, type Tensor } from './index.ts';

expectTypeOf(loadEnsemble('bundle/')).resolves.toEqualTypeOf<Ensemble>();
expectTypeOf<Awaited<ReturnType<Ensemble['predict']>>>().toEqualTypeOf<
  Readonly<Record<string, Tensor>>
>();
expectTypeOf<Ensemble['device']['used']>().toEqualTypeOf<'cpu' | 'cuda'>();

declare const ensemble: Ensemble;
void ensemble.predict(new Float32Array(4));
void ensemble.predict({ x: { data: new Int32Array(1), dims: [1, 1] } }, { outputs: ['probs'] });
// @ts-expect-error Plain numbers say nothing of their dtype.
void ensemble.predict([1, 2, 3, 4]);
// @ts-expect-error Doubles are no dtype of a bundle.
void ensemble.predict(new Float64Array(4));
// @ts-expect-error A typo is no device.
void loadEnsemble('bundle/', { device: 'gpu' });
