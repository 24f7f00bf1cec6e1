/** What each missing library is part of, and how to get it. */
const libraries: readonly (readonly [RegExp, (library: string, major: string) => string])[] = [
  [
    /libonnxruntime_providers_(shared|cuda)\.so/,
    () =>
      'the CUDA provider of onnxruntime-node is not installed. Its install script downloads it on Linux x64: ' +
      'node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12 ' +
      "(for CUDA 13: the two libonnxruntime_providers_*.so of PyPI's onnxruntime-gpu of the same version, in bin/napi-v6/linux/x64)",
  ],
  [
    /libcuda\.so/,
    (library) => `${library} is missing: install the NVIDIA driver (nvidia-smi must print the GPU)`,
  ],
  [
    /libcudnn\w*\.so/,
    (library, major) =>
      `${library} is missing: install cuDNN ${major} (Debian and Ubuntu with NVIDIA's repository: apt-get install libcudnn${major}-cuda-12, or -cuda-13 for the provider of CUDA 13)`,
  ],
  [
    /lib(cudart|cublas|cublasLt|nvrtc)\.so/,
    (library, major) =>
      `${library} is missing: this onnxruntime-node has a provider for CUDA ${major}; install its libraries (Debian and Ubuntu with NVIDIA's repository: apt-get install cuda-libraries-${major}-0)`,
  ],
  [
    /lib(cufft|curand|cusolver|cusparse)\.so/,
    (library) =>
      `${library} is missing: install the libraries of CUDA (Debian and Ubuntu with NVIDIA's repository: apt-get install cuda-libraries-12-8, or cuda-libraries-13-0 for the provider of CUDA 13)`,
  ],
];

/**
 * Why a CUDA session does not open and what to do, from onnxruntime's text: the missing library and the command that installs it. Ends in a full
 * stop.
 */
export function explainCudaFailure(text: string): string {
  const missing = /(lib[\w.+-]+\.so(?:\.\d+)*): cannot open shared object file/.exec(text)?.[1];
  if (missing !== undefined)
    for (const [pattern, explain] of libraries)
      if (pattern.test(missing)) {
        const major = /\.so\.(\d+)/.exec(missing)?.[1] ?? '';
        return `${explain(missing, major)}.`;
      }
  if (missing !== undefined)
    return `${missing} is missing: install it, or add its folder to LD_LIBRARY_PATH.`;
  const line = text.split('\n', 1)[0]!.trim();
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
