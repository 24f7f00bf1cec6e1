import type { Registry } from 'prom-client';
import type { Decoder } from '../codec/http/decoder.ts';
import type { Logger } from '../observe/log.ts';
import type { Recorder } from '../observe/record.ts';
import type { Tracing } from '../observe/trace.ts';
import type { Repository } from '../repository/repository.ts';
import type { CheckAccess } from '../security/access.ts';
import type { BrowserRules } from '../security/browser.ts';
import type { Admission } from '../service/admission.ts';
import type { Pace } from '../service/pace.ts';
import type { BodyLimits } from './body.ts';

/** What the transports share. */
export interface ServerContext {
  readonly version: string;
  readonly repository: Repository;
  readonly admission: Admission;
  readonly access: CheckAccess;
  /** Whether loading and unloading is on. */
  readonly isAdminOn: boolean;
  readonly recorder: Recorder;
  readonly metrics: Registry;
  readonly log: Logger | undefined;
  readonly tracing: Tracing | undefined;
  readonly maxQueueMs: number;
  /** Whether new requests should go elsewhere: not ready any more, connections end with their next answer. */
  readonly isStopping: () => boolean;
}

export interface HttpContext extends ServerContext {
  readonly decoder: Decoder;
  readonly body: BodyLimits;
  readonly browser: BrowserRules;
  /** Of answers: those of a whole batch at once would keep refusals, liveness and the next batch waiting. */
  readonly pace: Pace;
  /** An id for a request. */
  readonly newId: () => string;
}
