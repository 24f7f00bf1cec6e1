import type { CommandModule } from './command.ts';

export interface CommandEntry {
  /** One line for the list of commands. */
  readonly summary: string;
  /** Command lines for its help; a test runs them in this order. */
  readonly examples: readonly [string, string, ...string[]];
  /** Only the command that was asked for is loaded. */
  readonly load: () => Promise<CommandModule>;
}

/** Every command by name, in the order of `--help`. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  train: {
    summary: 'train the model that your module exports, or continue a training run',
    examples: ['train train.mjs', 'train train.mjs --store Other --json'],
    load: () => import('./commands/train.ts'),
  },
  inspect: {
    summary: 'show what a snapshot store or a bundle holds, and verify its checksums',
    examples: ['inspect Ensemble', 'inspect bundle --json'],
    load: () => import('./commands/inspect.ts'),
  },
  plot: {
    summary: 'draw a learning-rate schedule in the terminal, or as SVG, HTML or Vega-Lite',
    examples: [
      'plot --total-epochs 300 --steps-per-epoch 100 --cycles 6',
      'plot --total-steps 1500 --cycle-length 200 --output plan.svg',
    ],
    load: () => import('./commands/plot.ts'),
  },
  report: {
    summary: 'write an HTML page about the run in a snapshot store',
    examples: ['report Ensemble', 'report Ensemble --output pages --title Digits'],
    load: () => import('./commands/report.ts'),
  },
  export: {
    summary: 'export the members of a snapshot store as one ONNX bundle',
    examples: [
      'export Ensemble --out bundle',
      'export Ensemble --out last-two --last 2 --check',
      'export Ensemble --out heads --backbone backbone/model.json --cut-at features --check',
      'export Ensemble --out fitted --config export.json',
    ],
    load: () => import('./commands/export.ts'),
  },
  repair: {
    summary: 'rebuild the manifest of a snapshot store and take out damaged members',
    examples: ['repair Ensemble --dry-run', 'repair Ensemble --json'],
    load: () => import('./commands/repair.ts'),
  },
  collect: {
    summary: 'remove what killed processes left in a store, or old revisions of a bundle',
    examples: ['collect Ensemble --dry-run', 'collect bundle'],
    load: () => import('./commands/collect.ts'),
  },
  verify: {
    summary: "replay a bundle's smoke request, or verify a store's checksums",
    examples: ['verify bundle', 'verify Ensemble --json'],
    load: () => import('./commands/verify.ts'),
  },
  tune: {
    summary: 'measure the fastest settings for a bundle on this machine and save them with it',
    examples: ['tune bundle --seconds 2', 'tune bundle --seconds 2 --rows 16 --json'],
    load: () => import('./commands/tune.ts'),
  },
  serve: {
    summary: 'serve bundles over the Open Inference Protocol v2',
    examples: ['serve bundle --port 8000', 'serve digits=bundle --port 8000 --grpc-port 8001'],
    load: () => import('./commands/serve.ts'),
  },
  deploy: {
    summary: 'write what Triton, KServe, Kubernetes, Ray or Docker need to serve a bundle',
    examples: ['deploy docker bundle --out image', 'deploy triton bundle --out repository'],
    load: () => import('./commands/deploy.ts'),
  },
  doctor: {
    summary: 'check what this machine has: Node, onnxruntime, CUDA, TensorFlow.js',
    examples: ['doctor', 'doctor --json'],
    load: () => import('./commands/doctor.ts'),
  },
};
