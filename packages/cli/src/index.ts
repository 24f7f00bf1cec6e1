export {
  CheckFailedError,
  EnvironmentError,
  errorLine,
  exitCodeOf,
  runMain,
  UsageError,
} from './run-main.ts';
export type { ExitCode, RunMainOptions } from './run-main.ts';
