import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlobStore } from '../../src/index.ts';

export type FaultKind =
  '500' | 'time-out' | 'cut before' | 'cut after' | '200 with an error' | 'slow body' | 'cut body';
export declare const faultKinds: readonly FaultKind[];
export declare function plantFault(
  kind: FaultKind,
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse },
): boolean;
export declare function seededNumbers(seed: number): () => number;
export declare function operate(
  blobs: BlobStore,
  options: {
    readonly stored: (key: string) => Promise<string | undefined>;
    readonly operations: number;
    readonly random: () => number;
    readonly textFor?: (index: number) => string;
  },
): Promise<{
  readonly outcomes: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}>;
