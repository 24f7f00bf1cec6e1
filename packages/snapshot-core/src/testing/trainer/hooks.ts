import type { Progress, TrainResult } from '../../protocol.ts';
import { check, checkEqual } from '../contract.ts';
import { textOf, train, type TrainerCases, type TrainerUnderTest } from './subject.ts';

/** When hooks are called, and with what. */
export const hooks: TrainerCases = {
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
  async 'stops after the current step'(subject) {
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
};

/** Steps of a subject's whole run. */
function stepsOf({ epochs, stepsPerEpoch }: TrainerUnderTest): number {
  return epochs * stepsPerEpoch;
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
