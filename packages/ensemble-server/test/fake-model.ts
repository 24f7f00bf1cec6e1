import type { Ensemble } from '@snapshot-ensemble/ensemble-runtime';
import { modelOf, type Model, type ModelLimits } from '../src/repository/model.ts';

/** A model without onnxruntime, for tests; `alive` counts those that are open. */
export interface Fakes {
  alive: number;
  mostAlive: number;
  open(version: string, more?: Partial<Ensemble>, limits?: ModelLimits): Model;
}

export function createFakes(name = 'm'): Fakes {
  const fakes: Fakes = {
    alive: 0,
    mostAlive: 0,
    open(version, more = {}, limits = {}) {
      fakes.alive++;
      fakes.mostAlive = Math.max(fakes.mostAlive, fakes.alive);
      const ensemble = {
        manifest: fakeManifest,
        revision: '',
        device: { used: 'cpu' },
        settings: { maxBatchRows: 64 },
        stats: () => fakeStats,
        close() {
          fakes.alive--;
          return Promise.resolve();
        },
        ...more,
      };
      return modelOf(name, version, ensemble as unknown as Ensemble, { card: undefined, limits });
    },
  };
  return fakes;
}

const fakeManifest = {
  name: 'm',
  inputs: [{ name: 'x', dtype: 'int32', shape: [null, 1] }],
  outputs: [{ name: 'y', dtype: 'int32', shape: [null, 1], role: 'prediction', of: 'y' }],
  members: [{ id: 'a' }, { id: 'b' }],
  policy: {},
  labels: {},
};

const fakeStats = {
  succeeded: 0,
  failed: {},
  rows: 0,
  batches: 0,
  pendingRequests: 0,
  queuedRows: 0,
  heldBytes: 0,
  restarts: 0,
  durationMs: { request: 0, queue: 0, input: 0, infer: 0, output: 0 },
};
