import type { ContractCase } from './contract.ts';
import { hooks } from './trainer/hooks.ts';
import { resume } from './trainer/resume.ts';
import type { TrainerUnderTest } from './trainer/subject.ts';
import { weights } from './trainer/weights.ts';

/**
 * What every adapter must do. Each case takes a new subject. Pass the cases to any test runner: `for (const { name, run
 * } of trainerContract(make)) it(name, run)`.
 */
export function trainerContract(
  makeSubject: () => TrainerUnderTest | Promise<TrainerUnderTest>,
): readonly ContractCase[] {
  return Object.entries({ ...hooks, ...weights, ...resume }).map(([name, body]) => ({
    name,
    run: async () => {
      await body(await makeSubject());
    },
  }));
}
