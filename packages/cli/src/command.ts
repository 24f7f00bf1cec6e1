import type { Command } from 'commander';

/** What a command may touch of the outside: tests and other programs can put their own in its place. */
export interface Surroundings {
  /** Writes text to standard output. */
  readonly print: (text: string) => void;
  /** Writes text to standard error. */
  readonly printError: (text: string) => void;
  /** Says how far a long work is; what is said next, or printed, takes its place. */
  readonly progress: (text: string) => void;
  /** Folder that relative paths start from. */
  readonly directory: string;
}

/** A command's module: adds its description, arguments, options and action to the empty command. */
export interface CommandModule {
  readonly define: (command: Command, surroundings: Surroundings) => void;
}
