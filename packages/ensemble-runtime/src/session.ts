import type * as Ort from 'onnxruntime-node';
import { InferenceError } from './errors.ts';
import type { GraphTensor, Opened, Run, RunResult, WorkerSetup } from './messages.ts';
import type { TensorData } from './tensor.ts';

export type DeviceRequest = 'cpu' | 'cuda' | 'auto';

/** Where an ensemble runs: what was asked for, what is used, and why. */
export interface Device {
  readonly requested: DeviceRequest;
  readonly used: 'cpu' | 'cuda';
  readonly reason: string;
}

/** One open graph. */
export interface Session {
  readonly opened: Opened;
  run(run: Run): Promise<RunResult>;
  dispose(): Promise<void>;
}

/** The part of onnxruntime that is used; the module itself is one. */
export type OrtModule = Pick<typeof Ort, 'InferenceSession' | 'Tensor' | 'env'>;

/**
 * Opens a graph. Whether CUDA works is known only by opening a session on it: `auto` then falls back to the CPU and says so in
 * `opened.device`, `cuda` throws `InferenceError('device-unavailable')`.
 */
export async function openSession(ort: OrtModule, setup: WorkerSetup): Promise<Session> {
  const { session, device } = await createOnDevice(ort, setup);
  return {
    opened: {
      device,
      inputs: session.inputMetadata.map(describe),
      outputs: session.outputMetadata.map(describe),
    },
    async run({ feeds, outputs }) {
      const tensors = Object.fromEntries(
        feeds.map(({ name, dtype, data, dims }) => [name, new ort.Tensor(dtype, data, dims)]),
      );
      const start = performance.now();
      const results = await session.run(tensors, outputs);
      const runMs = performance.now() - start;
      const named = outputs.map((name) => {
        const { data, dims } = results[name]!;
        return [name, { data: data as TensorData, dims }] as const;
      });
      return { outputs: Object.fromEntries(named), runMs };
    },
    dispose: () => session.release(),
  };
}

function describe(tensor: Ort.InferenceSession.ValueMetadata): GraphTensor {
  return tensor.isTensor
    ? { name: tensor.name, dtype: tensor.type, shape: tensor.shape }
    : { name: tensor.name, dtype: 'not a tensor', shape: [] };
}

interface OnDevice {
  readonly session: Ort.InferenceSession;
  readonly device: Device;
}

async function createOnDevice(ort: OrtModule, setup: WorkerSetup): Promise<OnDevice> {
  const { name, device: requested } = setup;
  const create = (provider: 'cpu' | 'cuda'): Promise<Ort.InferenceSession> =>
    ort.InferenceSession.create(setup.model, sessionOptions(setup, provider));
  const onCpu = async (reason: string): Promise<OnDevice> => ({
    session: await create('cpu').catch((cause: unknown) => {
      throw new InferenceError(
        'wrong-graph',
        `Cannot open the graph of ensemble "${name}": ${firstLine(cause)} Export the bundle again for this onnxruntime-node.`,
        { cause },
      );
    }),
    device: { requested, used: 'cpu', reason },
  });
  if (requested === 'cpu') return await onCpu('asked for');
  // A probe that fails is an answer, not an event for the log.
  if (requested === 'auto') ort.env.logLevel = 'fatal';
  try {
    const reason = requested === 'cuda' ? 'asked for' : 'a CUDA session opened';
    return { session: await create('cuda'), device: { requested, used: 'cuda', reason } };
  } catch (cause) {
    if (requested === 'auto') return await onCpu(`no CUDA session opens: ${firstLine(cause)}`);
    throw new InferenceError(
      'device-unavailable',
      `Cannot open ensemble "${name}" on CUDA: ${firstLine(cause)} onnxruntime-node needs its CUDA provider (its install script ` +
        `downloads it on Linux x64, unless ONNXRUNTIME_NODE_INSTALL=skip), CUDA 12, cuDNN 9 and a driver. Or ask for device 'auto' or 'cpu'.`,
      { cause },
    );
  }
}

function sessionOptions(
  { threads, spinning }: WorkerSetup,
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
