export { errorLine, runMain, UsageError } from './run-main.ts';
export type { RunMainOptions } from './run-main.ts';
