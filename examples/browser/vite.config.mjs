import { defineConfig } from 'vite';

export default defineConfig({
  // The sources of this repository. Outside it, leave this line out.
  resolve: { conditions: ['@snapshot-ensemble/source', 'module', 'browser'] },
  build: { target: 'es2022', chunkSizeWarningLimit: 2_000 },
  // onnxruntime-web finds its WebAssembly next to itself.
  optimizeDeps: { exclude: ['onnxruntime-web'] },
});
