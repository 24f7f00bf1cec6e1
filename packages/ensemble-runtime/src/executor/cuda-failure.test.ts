import { expect, it } from 'vitest';
import { explainCudaFailure } from './cuda-failure.ts';

const missing = (library: string): string =>
  `/onnxruntime_src/provider_bridge_ort.cc:1988 Failed to load library libonnxruntime_providers_cuda.so with error: ${library}: cannot open shared object file: No such file or directory\n`;

it.each([
  [
    missing('/app/bin/libonnxruntime_providers_shared.so'),
    'install.js --onnxruntime-node-install=cuda12 (for CUDA 13',
  ],
  [missing('libcublasLt.so.12'), 'a provider for CUDA 12; install its libraries'],
  [missing('libcublas.so.13'), 'apt-get install cuda-libraries-13-0'],
  [missing('libcudart.so.13'), 'libcudart.so.13 is missing'],
  [missing('libcudnn.so.9'), 'apt-get install libcudnn9-cuda-12, or -cuda-13'],
  [missing('libcuda.so.1'), 'install the NVIDIA driver'],
  [missing('libcurand.so.10'), 'libcurand.so.10 is missing'],
  [missing('libother.so.2'), 'libother.so.2 is missing: install it'],
  ['CUDA failure 100: no CUDA-capable device is detected', 'no CUDA-capable device is detected.'],
])('says what to do about: %s', (text, advice) => {
  expect(explainCudaFailure(text)).toContain(advice);
});
