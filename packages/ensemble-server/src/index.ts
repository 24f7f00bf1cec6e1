export { ServerError } from './errors.ts';
export type { ServerErrorCode } from './errors.ts';
export { serve } from './serve.ts';
export type { RunningServer, ServeOptions } from './serve.ts';
