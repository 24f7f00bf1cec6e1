/** What the demo can train on. Apart from `backend.ts`, so that `--help` does not load TensorFlow.js. */
export const BACKENDS = ['wasm', 'tensorflow'] as const;
export type BackendName = (typeof BACKENDS)[number];
