import type { ContractCase } from './contract.ts';
import { ownership } from './store/ownership.ts';
import { runs } from './store/runs.ts';
import { saves } from './store/saves.ts';
import type { OpenStore } from './store/subject.ts';

/**
 * What every snapshot store must do. `makeStore` returns an opener on new, empty data; each case takes one. Pass the
 * cases to any test runner: `for (const { name, run } of storeContract(make)) it(name, run)`.
 */
export function storeContract(
  makeStore: () => OpenStore | Promise<OpenStore>,
): readonly ContractCase[] {
  return Object.entries({ ...runs, ...saves, ...ownership }).map(([name, body]) => ({
    name,
    run: async () => {
      await body(await makeStore());
    },
  }));
}
