export { meanPolicy } from './policy.ts';
export type { CascadePolicy, CombineRule, ConformalPolicy, EnsemblePolicy } from './policy.ts';
