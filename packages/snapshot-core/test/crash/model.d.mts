import type { CyclePlan } from '@snapshot-ensemble/schedules';
import type { ModelDescription } from '../../src/index.ts';

export declare const elements: number;
export declare const model: ModelDescription;
export declare const plan: CyclePlan;
