import { checkCount, checkList } from './check.ts';
import { planOf, type CyclePlan } from './plan.ts';

/** The plan with cycles of these lengths, in steps, one after the other. */
export function cyclesOf(lengths: readonly number[]): CyclePlan {
  checkList('cyclesOf', 'lengths', lengths, 'length, in steps');
  let end = 0;
  return planOf(
    lengths.map((length, index) => {
      end += checkCount('cyclesOf', `lengths[${index}]`, length);
      return end;
    }),
  );
}
