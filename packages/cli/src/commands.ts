import type { CommandModule } from './command.ts';

export interface CommandEntry {
  /** One line for the list of commands. */
  readonly summary: string;
  /** Only the command that was asked for is loaded. */
  readonly load: () => Promise<CommandModule>;
}

/** Every command by name, in the order of `--help`. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  plot: {
    summary: 'draw a learning-rate schedule: terminal, SVG, HTML or Vega-Lite',
    load: () => import('./commands/plot.ts'),
  },
};
