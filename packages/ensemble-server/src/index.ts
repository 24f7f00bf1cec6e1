export { readServeConfig } from './config.ts';
export { ServerError } from './errors.ts';
export type { ServerErrorCode } from './errors.ts';
export { createHandler } from './handler.ts';
export type { InferenceHandler } from './handler.ts';
export type { Log, LogEntry } from './observe/log.ts';
export type {
  HandlerOptions,
  Limits,
  ModelOptions,
  ServedModel,
  ServeOptions,
  TlsOptions,
} from './options.ts';
export type { ModelLimits } from './repository/model.ts';
export type { BundleLocation } from './repository/open-model.ts';
export type { Access, AccessRules, ApiGroup } from './security/access.ts';
export { serve } from './serve.ts';
export type { RunningServer } from './serve.ts';
