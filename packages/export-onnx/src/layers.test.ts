import { expect, it } from 'vitest';
import { configurations } from '../test/configurations.ts';
import { runConfigurations } from '../test/run-configurations.ts';
import type { LayerClassName } from './converters/index.ts';

const WANTED = 50;
const SEED = 20;

it.each(Object.keys(configurations) as LayerClassName[])(
  '%s computes what tfjs does',
  async (className) => {
    const { ran, failures } = await runConfigurations(className, WANTED, SEED);
    expect(failures).toEqual([]);
    expect(ran).toBe(WANTED);
  },
);
