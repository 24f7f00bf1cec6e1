// @ts-check
// A setup file of vitest. fast-check draws other cases in every run unless it is given a seed. Here every run draws the
// same ones, so that what is said about a commit stays true; TEST_SEED=2 draws others, and long tiers draw new ones each time.
import { configureGlobal } from 'fast-check';

if (process.env['TIER'] !== 'long')
  configureGlobal({ seed: Number(process.env['TEST_SEED'] ?? 1) });
