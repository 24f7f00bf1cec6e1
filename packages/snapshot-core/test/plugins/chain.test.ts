import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chain, type CallbackState, type TrainingCallback } from '../../src/index.ts';
import { toyTrainer } from './toy-trainer.ts';

const hooks = ['onTrainBegin', 'onStepBegin', 'onStepEnd', 'onEpochEnd', 'onTrainEnd'] as const;
const run = { totalSteps: 4, stepsPerEpoch: 2 };

/** Notes every call; some hooks answer with a promise, some are left out. */
function noting(
  name: string,
  calls: string[],
  isSlow: boolean,
  has: readonly boolean[],
): TrainingCallback {
  const callback: Record<string, unknown> = { name };
  for (const [index, hook] of hooks.entries()) {
    if (has[index] === false) continue;
    const note = (event: { step: number }): void => {
      calls.push(`${name} ${hook} ${event.step}`);
    };
    callback[hook] = isSlow
      ? async (event: { step: number }) => {
          await Promise.resolve();
          note(event);
        }
      : note;
  }
  return callback as unknown as TrainingCallback;
}

const callbacks = fc.array(
  fc.record({ isSlow: fc.boolean(), has: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }) }),
  { maxLength: 4 },
);

async function callsOf(make: (calls: string[]) => TrainingCallback): Promise<string[]> {
  const calls: string[] = [];
  await toyTrainer().train(make(calls), run);
  return calls;
}

describe('chain', () => {
  it('calls hook by hook, in the order given', async () => {
    const both = (calls: string[]): TrainingCallback =>
      chain(noting('a', calls, true, []), noting('b', calls, false, []));
    expect((await callsOf(both)).slice(0, 4)).toEqual([
      'a onTrainBegin 0',
      'b onTrainBegin 0',
      'a onStepBegin 0',
      'b onStepBegin 0',
    ]);
  });

  it('is associative, and of nothing does nothing', async () => {
    const property = fc.asyncProperty(callbacks, fc.nat(4), async (all, split) => {
      const list = (calls: string[]): TrainingCallback[] =>
        all.map(({ isSlow, has }, index) => noting(String(index), calls, isSlow, has));
      const flat = await callsOf((calls) => chain(...list(calls)));
      const nested = await callsOf((calls) =>
        chain(chain(...list(calls).slice(0, split)), chain(), chain(...list(calls).slice(split))),
      );
      expect(nested).toEqual(flat);
    });
    await fc.assert(property, { numRuns: 50, seed: 1 });
  });

  it.each([
    [
      'thrown',
      () => {
        throw new Error('planted');
      },
    ],
    ['rejected', () => Promise.reject(new Error('planted'))],
  ])('ends at the first error, %s', async (_, onStepEnd) => {
    const calls: string[] = [];
    const failing: TrainingCallback = { name: 'failing', onStepEnd };
    const training = toyTrainer().train(chain(failing, noting('after', calls, false, [])), run);
    await expect(training).rejects.toThrow('planted');
    expect(calls).toEqual(['after onTrainBegin 0', 'after onStepBegin 0', 'after onTrainEnd 1']);
  });

  it('tells everyone of a failure, also after one that fails on the way out', async () => {
    const calls: string[] = [];
    const failing: TrainingCallback = {
      name: 'failing',
      onStepBegin: () => Promise.reject(new Error('planted')),
      onTrainEnd: () => {
        throw new Error('on the way out');
      },
    };
    const others = [noting('a', calls, false, []), failing, noting('b', calls, false, [])];
    await expect(toyTrainer().train(chain(...others), run)).rejects.toThrow('planted');
    expect(calls.slice(-2)).toEqual(['a onTrainEnd 0', 'b onTrainEnd 0']);
  });

  it('lets those that keep the last weights end first, in whatever chain they are', async () => {
    const calls: string[] = [];
    const ending = (name: string, endsFirst: boolean): TrainingCallback => ({
      name,
      endsFirst,
      onTrainEnd: () => void calls.push(name),
    });
    const inner = chain(ending('b', false), ending('c', true));
    const all = chain(chain(ending('a', false), inner), ending('d', true));
    await toyTrainer().train(all, run);
    expect(calls).toEqual(['c', 'd', 'a', 'b']);
  });

  describe('with states', () => {
    const counting = (name: string): TrainingCallback & { count: number } => {
      const self = {
        name,
        count: 0,
        onTrainBegin: () => {
          self.count = 0;
        },
        onStepEnd: () => {
          self.count += 1;
        },
        saveState: () => ({ json: self.count }),
        restoreState: ({ json }: CallbackState) => {
          self.count = json as number;
        },
      };
      return self;
    };

    it('restores each its own, of one name too, once all have begun', async () => {
      const before = [counting('a'), counting('b'), counting('a')];
      for (const [index, callback] of before.entries()) callback.count = index + 1;
      const state = await chain(chain(before[0]!, before[1]!), before[2]!).saveState!();
      const after = [counting('a'), counting('b'), counting('a')];
      const restoring: TrainingCallback = {
        name: 'restoring',
        onTrainBegin: ({ chain: all }) => all?.restoreState?.(state),
      };
      const resumed = chain(after[0]!, restoring, chain(...after.slice(1)));
      await toyTrainer().train(resumed, { ...run, firstStep: 3 });
      expect(after.map(({ count }) => count)).toEqual([2, 3, 4]);
      await toyTrainer().train(chain(...after), { ...run, firstStep: 3 });
      expect(after.map(({ count }) => count)).toEqual([1, 1, 1]);
    });

    it('refuses a state that nobody takes', async () => {
      const state = await chain(counting('a')).saveState!();
      await expect(chain(counting('b')).restoreState!(state)).rejects.toThrow(
        'holds the state of a callback "a", which is not in the chain (callbacks with a state there: b)',
      );
    });
  });

  it('stays synchronous while its callbacks are', () => {
    const callback = chain({ name: 'a', onStepBegin: () => undefined }, { name: 'b' });
    const at = { step: 0, epoch: 0, totalSteps: 1, stepsPerEpoch: 1 };
    expect(callback.onStepBegin?.(at, toyTrainer())).toBeUndefined();
  });

  it('keeps the receiver of a callback that is a class', async () => {
    class Counting implements TrainingCallback {
      readonly name = 'counting';
      steps = 0;
      onStepEnd(): void {
        this.steps += 1;
      }
    }
    const counting = new Counting();
    await toyTrainer().train(chain(counting), run);
    expect(counting.steps).toBe(4);
  });
});
