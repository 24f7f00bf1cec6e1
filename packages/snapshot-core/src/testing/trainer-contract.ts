import { chain } from '../chain.ts';
import type { Progress, Trainer, TrainingCallback, TrainResult } from '../protocol.ts';
import type { NamedTensor, Weights } from '../tensor.ts';
import { check, checkEqual, failureCode, type ContractCase } from './contract.ts';
import { checkExactResume } from './exact-resume.ts';
import { fingerprint, readTensors, tensorStream } from './tensors.ts';

/**
 * An adapter with a small model and a small run for it: deterministic, without batch statistics and weight
 * decay, so that a step at learning rate 0 moves nothing.
 */
export interface TrainerUnderTest {
  /** At least 2. */
  readonly epochs: number;
  /** At least 2. */
  readonly stepsPerEpoch: number;
  /** Where `train` can begin: at any step, or only with an epoch. Default `epoch`. */
  readonly resumesAt?: 'step' | 'epoch';
  /** Trains steps `[firstStep, epochs · stepsPerEpoch)` on a new model, calling the callback as the protocol says. */
  train(callback: TrainingCallback, firstStep: number): Promise<void>;
}

type Case = (subject: TrainerUnderTest) => Promise<void>;

const learningRate = 0.05;
const steady: TrainingCallback = {
  name: 'steady',
  onStepBegin: (_, trainer) => {
    trainer.setLearningRate(learningRate);
  },
};

const weightsOf = (trainer: Trainer): Promise<Weights> => readTensors(trainer.readWeights());
const textOf = async (trainer: Trainer): Promise<string> => fingerprint(await weightsOf(trainer));
const train = (subject: TrainerUnderTest, hooks: Omit<TrainingCallback, 'name'>): Promise<void> =>
  subject.train(chain(steady, { name: 'probe', ...hooks }), 0);

const cases: Readonly<Record<string, Case>> = {
  async 'calls the hooks in order and counts steps over the whole run'(subject) {
    const { epochs, stepsPerEpoch } = subject;
    const calls: string[] = [];
    const note = (name: string) => (at: Progress) => {
      calls.push(
        `${name} ${at.step} ${at.epoch} of ${at.totalSteps}, ${at.stepsPerEpoch} an epoch`,
      );
    };
    await train(subject, {
      onTrainBegin: note('train begin'),
      onStepBegin: note('step begin'),
      onStepEnd: note('step end'),
      onEpochEnd: note('epoch end'),
      onTrainEnd: (result) => {
        calls.push(`train end ${result.step} ${result.outcome}`);
      },
    });
    checkEqual(calls, expectedCalls(epochs, stepsPerEpoch), 'the list of calls');
  },
  async 'waits for hooks'(subject) {
    let running = 0;
    const slow = async (): Promise<void> => {
      running += 1;
      check(running === 1, 'a hook was called while another one ran.');
      await new Promise((resolve) => setTimeout(resolve, 0));
      running -= 1;
    };
    await train(subject, {
      onTrainBegin: slow,
      onStepBegin: slow,
      onStepEnd: slow,
      onEpochEnd: slow,
      onTrainEnd: slow,
    });
    checkEqual(running, 0, 'the number of hooks still running');
  },
  async 'tells everyone of a failure, and ends with the error of the hook'(subject) {
    for (const failing of ['onTrainBegin', 'onStepBegin', 'onStepEnd', 'onTrainEnd'] as const) {
      const fault = new Error(`planted in ${failing}`);
      const outcomes: string[] = [];
      const error: unknown = await train(subject, {
        [failing]: ({ outcome = 'none' }: { readonly outcome?: string }) => {
          if (outcome !== 'failed') throw fault;
        },
      }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      check(error === fault, `the error of ${failing} was lost: ${String(error)}.`);
      const failed = await train(subject, {
        [failing]: (result: Partial<TrainResult>) => {
          if (result.outcome === 'failed') outcomes.push(`failed at ${result.step}`);
          // What fails on the way out must not hide why.
          throw result.outcome === 'failed' ? new Error('on the way out') : fault;
        },
        ...(failing !== 'onTrainEnd' && {
          onTrainEnd: ({ outcome, step }: TrainResult) => {
            outcomes.push(`${outcome} at ${step}`);
            throw new Error('on the way out');
          },
        }),
      }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      check(failed === fault, `an error on the way out hid that of ${failing}: ${String(failed)}.`);
      const step = { onTrainBegin: 0, onStepBegin: 0, onStepEnd: 1, onTrainEnd: stepsOf(subject) };
      checkEqual(outcomes, [`failed at ${step[failing]}`], `onTrainEnd after ${failing} failed`);
    }
  },
  async 'stops after the step at hand'(subject) {
    const steps: number[] = [];
    let end = '';
    await train(subject, {
      onStepEnd: ({ step }, trainer) => {
        steps.push(step);
        if (step === 1) trainer.stop();
      },
      onTrainEnd: ({ step, outcome }) => {
        end = `${step} ${outcome}`;
      },
    });
    checkEqual(steps, [0, 1], 'the steps made');
    checkEqual(end, '2 stopped', 'step and outcome in onTrainEnd');
  },
  async 'lists its weights as it yields them'(subject) {
    await train(subject, {
      onTrainBegin: async (_, trainer) => {
        const plain = (tensors: Weights): unknown =>
          tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
        const weights = await weightsOf(trainer);
        checkEqual(plain(weights), plain(trainer.model.weights as Weights), 'the list of weights');
        check(
          new Set(weights.map(({ name }) => name)).size === weights.length,
          'two weights share a name.',
        );
        for (const { name, shape, data } of weights) {
          checkEqual(
            data.length,
            shape.reduce((product, size) => product * size, 1),
            `the length of "${name}"`,
          );
        }
      },
    });
  },
  async 'reads copies, not views'(subject) {
    let kept: Weights = [];
    let then = '';
    await train(subject, {
      onTrainBegin: async (_, trainer) => {
        kept = await weightsOf(trainer);
        then = fingerprint(kept);
        for (const { data } of await weightsOf(trainer)) data.fill(0 as never);
        checkEqual(await textOf(trainer), then, 'the weights after a copy was written to');
      },
      onTrainEnd: async (_, trainer) => {
        check(fingerprint(kept) === then, 'weights read before the training changed with it.');
        check((await textOf(trainer)) !== then, 'the training moved no weight.');
      },
    });
  },
  async 'obeys the learning rate of every step'(subject) {
    let before = '';
    await train(subject, {
      onStepBegin: async ({ step }, trainer) => {
        if (step % 2 === 1) trainer.setLearningRate(0);
        before = await textOf(trainer);
      },
      onStepEnd: async ({ step }, trainer) => {
        const moved = (await textOf(trainer)) !== before;
        check(
          moved === (step % 2 === 0),
          `step ${step} ${moved ? 'moved the weights at rate 0' : 'moved nothing'}.`,
        );
      },
    });
  },
  async 'writes weights by position'(subject) {
    let first: Weights = [];
    await train(subject, {
      onTrainBegin: async (_, trainer) => {
        first = await weightsOf(trainer);
      },
      onTrainEnd: async (_, trainer) => {
        const renamed = first.map((tensor, index) => ({ ...tensor, name: `other-${index}` }));
        await trainer.writeWeights(tensorStream(renamed));
        check(
          (await textOf(trainer)) === fingerprint(first),
          'weights came back changed from writeWeights.',
        );
      },
    });
  },
  async 'refuses weights that do not fit'(subject) {
    await train(subject, {
      onTrainBegin: async (_, trainer) => {
        const weights = await weightsOf(trainer);
        const [head] = weights;
        const wrong: Readonly<Record<string, Weights>> = {
          'too few weights': weights.slice(1),
          'too many weights': [...weights, head!],
          'another shape': weights.map((tensor, index) => (index === 0 ? grown(tensor) : tensor)),
        };
        for (const [what, tensors] of Object.entries(wrong)) {
          await failureCode(() => trainer.writeWeights(tensorStream(tensors)), what);
        }
      },
    });
  },
  async 'reads the metrics of a step'(subject) {
    await train(subject, {
      onStepEnd: async (result) => {
        const metrics = Object.values(await result.readMetrics());
        check(
          metrics.length > 0 && metrics.every((value) => typeof value === 'number'),
          'a step has no metrics.',
        );
      },
      onEpochEnd: ({ metrics }) => {
        check(Object.keys(metrics).length > 0, 'an epoch has no metrics.');
      },
    });
  },
  async 'goes on exactly from weights and optimizer state'(subject) {
    const cut = subject.stepsPerEpoch;
    let saved: { readonly weights: Weights; readonly state: Weights } | undefined;
    let uncut = '';
    await train(subject, {
      onTrainBegin: (_, trainer) => {
        check(
          (trainer.readOptimizer === undefined) === (trainer.writeOptimizer === undefined),
          'a trainer that reads its optimizer must write it too.',
        );
      },
      onEpochEnd: async ({ step }, trainer) => {
        if (step + 1 !== cut || trainer.readOptimizer === undefined) return;
        saved = {
          weights: await weightsOf(trainer),
          state: await readTensors(trainer.readOptimizer()),
        };
      },
      onTrainEnd: async (_, trainer) => {
        uncut = await textOf(trainer);
      },
    });
    if (saved === undefined) return;
    const { weights, state } = saved;
    const restore: TrainingCallback = {
      name: 'restore',
      onTrainBegin: async ({ step }, trainer) => {
        checkEqual(step, cut, 'the step in onTrainBegin');
        await trainer.writeWeights(tensorStream(weights));
        await trainer.writeOptimizer?.(tensorStream(state));
      },
      onTrainEnd: async (_, trainer) => {
        check(
          (await textOf(trainer)) === uncut,
          'the resumed run ended with other weights than the uncut one.',
        );
      },
    };
    await subject.train(chain(steady, restore), cut);
  },
  async 'goes on exactly with every plugin that has a state, cut anywhere'(subject) {
    await checkExactResume(subject);
  },
  async 'perturbs weights by seeded noise'(subject) {
    await train(subject, {
      onTrainBegin: async (_, trainer) => {
        if (trainer.perturbWeights === undefined) return;
        const start = await weightsOf(trainer);
        const perturbed = async (deviation: number, seed: number): Promise<string> => {
          await trainer.writeWeights(tensorStream(start));
          trainer.perturbWeights?.(deviation, seed);
          return textOf(trainer);
        };
        checkEqual(await perturbed(0, 1), fingerprint(start), 'weights after noise of deviation 0');
        const once = await perturbed(0.1, 1);
        check(once === (await perturbed(0.1, 1)), 'one seed gave two noises.');
        check(once !== (await perturbed(0.1, 2)), 'two seeds gave one noise.');
      },
    });
  },
};

/** Steps of a subject's whole run. */
function stepsOf({ epochs, stepsPerEpoch }: TrainerUnderTest): number {
  return epochs * stepsPerEpoch;
}

/**
 * What every adapter must do. Each case takes a new subject. Hand the cases to any test runner:
 * `for (const { name, run } of trainerContract(make)) it(name, run)`.
 */
export function trainerContract(
  makeSubject: () => TrainerUnderTest | Promise<TrainerUnderTest>,
): readonly ContractCase[] {
  return Object.entries(cases).map(([name, body]) => ({
    name,
    run: async () => {
      await body(await makeSubject());
    },
  }));
}

function expectedCalls(epochs: number, stepsPerEpoch: number): string[] {
  const totalSteps = epochs * stepsPerEpoch;
  const at = (step: number, epoch: number): string =>
    `${step} ${epoch} of ${totalSteps}, ${stepsPerEpoch} an epoch`;
  const calls = [`train begin ${at(0, 0)}`];
  for (let step = 0; step < totalSteps; step += 1) {
    const epoch = Math.floor(step / stepsPerEpoch);
    calls.push(`step begin ${at(step, epoch)}`, `step end ${at(step, epoch)}`);
    if ((step + 1) % stepsPerEpoch === 0) calls.push(`epoch end ${at(step, epoch)}`);
  }
  calls.push(`train end ${totalSteps} finished`);
  return calls;
}

function grown(tensor: NamedTensor): NamedTensor {
  return { ...tensor, shape: [...tensor.shape, 2], data: repeated(tensor.data) } as NamedTensor;
}

/** The elements of an array, twice. */
function repeated(data: NamedTensor['data']): NamedTensor['data'] {
  const Data = data.constructor as new (length: number) => NamedTensor['data'];
  const twice = new Data(data.length * 2);
  twice.set(data as never);
  return twice;
}
