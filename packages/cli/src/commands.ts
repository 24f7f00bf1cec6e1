import type { CommandModule } from './command.ts';

export interface CommandEntry {
  /** One line for the list of commands. */
  readonly summary: string;
  /** Only the command that was asked for is loaded. */
  readonly load: () => Promise<CommandModule>;
}

/** Every command by name, in the order of `--help`. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  inspect: {
    summary: 'say what a snapshot store or a bundle holds, checksums verified',
    load: () => import('./commands/inspect.ts'),
  },
  plot: {
    summary: 'draw a learning-rate schedule: terminal, SVG, HTML or Vega-Lite',
    load: () => import('./commands/plot.ts'),
  },
  report: {
    summary: 'write an HTML page about the run in a snapshot store',
    load: () => import('./commands/report.ts'),
  },
  export: {
    summary: 'export the members of a snapshot store as one ONNX bundle',
    load: () => import('./commands/export.ts'),
  },
  repair: {
    summary: 'rebuild the manifest of a snapshot store, take damaged members out',
    load: () => import('./commands/repair.ts'),
  },
  collect: {
    summary: 'remove what killed processes left in a store, old revisions of a bundle',
    load: () => import('./commands/collect.ts'),
  },
  verify: {
    summary: "replay a bundle's smoke request, or compare a store's checksums",
    load: () => import('./commands/verify.ts'),
  },
  tune: {
    summary: 'measure how a bundle runs best on this machine, and keep the choice beside it',
    load: () => import('./commands/tune.ts'),
  },
  serve: {
    summary: 'serve bundles over the Open Inference Protocol v2',
    load: () => import('./commands/serve.ts'),
  },
  deploy: {
    summary: 'write what Triton, KServe, Kubernetes, Ray or Docker need to serve a bundle',
    load: () => import('./commands/deploy.ts'),
  },
  doctor: {
    summary: 'check what this machine has: Node, onnxruntime, CUDA, TensorFlow.js',
    load: () => import('./commands/doctor.ts'),
  },
};
