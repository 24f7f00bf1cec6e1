import { InferenceError } from '../errors.ts';

/** What is known about the machine when onnxruntime-node does not load. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Version of the GNU C library; undefined on musl and off Linux. */
  readonly glibc: string | undefined;
}

export function thisMachine(): Machine {
  const { header } = process.report.getReport() as unknown as {
    readonly header: { readonly glibcVersionRuntime?: string };
  };
  return { platform: process.platform, arch: process.arch, glibc: header.glibcVersionRuntime };
}

/** Says what to do about a failed `import('onnxruntime-node')`. */
export function explainLoadFailure(cause: unknown, machine: Machine): InferenceError {
  const { code, message } = cause as { readonly code?: string; readonly message?: string };
  if (code === 'ERR_MODULE_NOT_FOUND' && message?.includes('onnxruntime-node') === true)
    return new InferenceError(
      'runtime-missing',
      'onnxruntime-node is not installed. Type: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node ' +
        '(291 MB; for an NVIDIA GPU leave the variable out, and its install script also downloads the CUDA libraries).',
      { cause },
    );
  const isMusl = machine.platform === 'linux' && machine.glibc === undefined;
  const where = `${machine.platform} ${machine.arch}${isMusl ? ' (musl)' : ''}`;
  return new InferenceError(
    'runtime-unsupported',
    `onnxruntime-node does not load on ${where}: ${message?.split('\n', 1)[0] ?? String(cause)}. ` +
      (isMusl
        ? 'It is built for glibc 2.28 or newer; use a glibc image such as node:20-slim in place of Alpine.'
        : 'It needs Linux (glibc 2.28 or newer), macOS or Windows on x64 or arm64.'),
    { cause },
  );
}
