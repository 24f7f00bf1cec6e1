import type * as Ort from 'onnxruntime-common';
import { InferenceError } from '../errors.ts';
import { explainCudaFailure } from './cuda-failure.ts';
import type { Device, SessionSettings } from './port.ts';
import type { OrtModule } from './ort-module.ts';

interface OnDevice {
  readonly session: Ort.InferenceSession;
  readonly device: Device;
}

/**
 * Opens a graph. Whether CUDA works is known only by opening a session on it: `auto` then falls back to the CPU and says so, `cuda` throws
 * `InferenceError('device-unavailable')`.
 */
export async function createSession(
  ort: OrtModule,
  settings: SessionSettings,
  model: Uint8Array,
): Promise<OnDevice> {
  const { name, device: requested } = settings;
  const create = (provider: 'cpu' | 'cuda'): Promise<Ort.InferenceSession> =>
    ort.InferenceSession.create(model, sessionOptions(settings, provider));
  const onCpu = async (reason: string): Promise<OnDevice> => ({
    session: await create('cpu').catch((cause: unknown) => {
      throw new InferenceError(
        'wrong-graph',
        `Cannot open the graph of ensemble "${name}": ${firstLine(cause)} Export the bundle again for this onnxruntime.`,
        { cause },
      );
    }),
    device: { requested, used: 'cpu', reason },
  });
  if (requested === 'cpu') return await onCpu('asked for');
  // A probe that fails is an answer, not an event for the log.
  const { logLevel } = ort.env;
  ort.env.logLevel = 'fatal';
  try {
    const reason = requested === 'cuda' ? 'asked for' : 'a CUDA session opened';
    return { session: await create('cuda'), device: { requested, used: 'cuda', reason } };
  } catch (cause) {
    const reason = explainCudaFailure(cause instanceof Error ? cause.message : String(cause));
    if (requested === 'auto') return await onCpu(`no CUDA session opens: ${reason}`);
    throw new InferenceError(
      'device-unavailable',
      `Cannot open ensemble "${name}" on CUDA: ${reason} Or ask for device 'auto' or 'cpu'.`,
      { cause },
    );
  } finally {
    if (logLevel !== undefined) ort.env.logLevel = logLevel;
  }
}

function sessionOptions(
  { threads, spinning }: SessionSettings,
  provider: 'cpu' | 'cuda',
): Ort.InferenceSession.SessionOptions {
  return {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Typed for the web only, but read by the Node binding as well.
    extra: { session: { intra_op: { allow_spinning: spinning ? '1' : '0' } } },
  };
}

/** onnxruntime's texts run over many lines and often lack a full stop. */
function firstLine(error: unknown): string {
  const line = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!.trim();
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
