import { ServerError } from '../errors.ts';
import type { ModelAddress } from '../protocol/messages.ts';
import type { Model, ModelState } from './model.ts';

/** How one version of a model is opened. */
export interface VersionSource {
  open(version: string): Promise<Model>;
  /** What is there now, to tell whether a reload would change anything; undefined where that cannot be told. */
  readRevision(): Promise<string | undefined>;
}

/**
 * What a model is made of: one bundle, whose every reload is the next version; or several, each under a number of its own that it keeps.
 */
export type ModelSource =
  | { readonly single: VersionSource }
  | { readonly versions: Readonly<Record<string, VersionSource>> };

export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: ModelState;
  readonly reason: string;
}

/** A model that may be used until it is released. */
export interface Lease {
  readonly model: Model;
  release(): void;
}

/** Models by name and version. It owns what it opens: call `close`. */
export interface Repository {
  readonly names: readonly string[];
  /** Whether every model has a version that answers. */
  isReady(): boolean;
  /** Versions of a model that answer, oldest first. Throws `ServerError('not-found')`. */
  versions(name: string): readonly string[];
  /** The model at an address, kept open until it is released. Throws `ServerError` (`not-found`, `not-ready`). */
  acquire(address: ModelAddress): Lease;
  /** As `acquire`, for a look that ends at once. */
  find(address: ModelAddress): Model;
  /** Every model that answers. */
  models(): readonly Model[];
  index(): readonly IndexEntry[];
  /**
   * Opens a model anew and puts it in the place of what is there, or leaves that untouched if it cannot be opened. False where nothing had
   * changed. Throws `ServerError` (`not-found`, `load-failed`).
   */
  load(name: string): Promise<boolean>;
  /** Takes a model out of service once its requests are answered. Throws `ServerError('not-found')`. */
  unload(name: string): Promise<void>;
  close(): Promise<void>;
}

/** One version that is there or comes and goes. */
interface Handle {
  readonly version: string;
  state: ModelState;
  reason: string;
  model: Model | undefined;
  references: number;
  /** Called when the last reference is given back. */
  onUnused: (() => void) | undefined;
}

interface Entry {
  readonly name: string;
  readonly source: ModelSource;
  handles: Handle[];
  lastVersion: number;
  /** Loads and unloads of one model follow each other, so that no more than two of its versions are in memory at a time. */
  queue: Promise<unknown>;
}

/** A repository with nothing loaded yet. */
export function createRepository(sources: Readonly<Record<string, ModelSource>>): Repository {
  const entries = new Map<string, Entry>(
    Object.entries(sources).map(([name, source]) => [
      name,
      { name, source, handles: [], lastVersion: 0, queue: Promise.resolve() },
    ]),
  );
  let isClosed = false;

  const entryOf = (name: string): Entry => {
    const entry = entries.get(name);
    if (entry !== undefined) return entry;
    throw new ServerError(
      'not-found',
      `There is no model "${name}". Models here: ${[...entries.keys()].join(', ')}.`,
    );
  };

  const handleOf = ({ model: name, version }: ModelAddress): Handle & { model: Model } => {
    const { handles } = entryOf(name);
    const ready = handles.filter(isReady);
    const wanted =
      version === undefined ? ready.at(-1) : ready.find((handle) => handle.version === version);
    if (wanted !== undefined) return wanted;
    if (version === undefined || handles.some((handle) => handle.version === version))
      throw new ServerError(
        'not-ready',
        `Model "${name}"${version === undefined ? '' : ` version ${version}`} is not ready: ${handles.at(-1)?.reason ?? 'it is not loaded'}.`,
      );
    throw new ServerError(
      'not-found',
      `Model "${name}" has no version "${version}". Versions: ${ready.map((handle) => handle.version).join(', ') || 'none is ready'}.`,
    );
  };

  const inTurn = <T>(entry: Entry, act: () => Promise<T>): Promise<T> => {
    const next = entry.queue.then(act);
    entry.queue = next.catch(() => undefined);
    return next;
  };

  return {
    names: [...entries.keys()],
    isReady: () => [...entries.values()].every(({ handles }) => handles.some(isReady)),
    versions: (name) =>
      entryOf(name)
        .handles.filter(isReady)
        .map(({ version }) => version),
    acquire(address) {
      const handle = handleOf(address);
      handle.references++;
      let isHeld = true;
      return {
        model: handle.model,
        release() {
          if (!isHeld) return;
          isHeld = false;
          if (--handle.references === 0) handle.onUnused?.();
        },
      };
    },
    find: (address) => handleOf(address).model,
    models: () =>
      [...entries.values()].flatMap(({ handles }) => handles.filter(isReady).map((h) => h.model)),
    index: () =>
      [...entries.values()].flatMap(({ name, handles }) =>
        handles.length === 0
          ? [{ name, version: '', state: 'UNAVAILABLE' as const, reason: 'unloaded' }]
          : handles.map(({ version, state, reason }) => ({ name, version, state, reason })),
      ),
    async load(name) {
      const entry = entryOf(name);
      return inTurn(entry, async () => {
        if (isClosed) throw new ServerError('not-ready', 'The server is stopping.');
        return loadEntry(entry);
      });
    },
    async unload(name) {
      const entry = entryOf(name);
      await inTurn(entry, () => unloadEntry(entry));
    },
    async close() {
      isClosed = true;
      await Promise.all(
        [...entries.values()].map((entry) => inTurn(entry, () => unloadEntry(entry))),
      );
    },
  };
}

function isReady(handle: Handle): handle is Handle & { model: Model } {
  return handle.state === 'READY';
}

async function loadEntry(entry: Entry): Promise<boolean> {
  if ('single' in entry.source) return loadSingle(entry, entry.source.single);
  let hasChanged = false;
  for (const [version, source] of Object.entries(entry.source.versions))
    if (await loadVersion(entry, version, source)) hasChanged = true;
  return hasChanged;
}

async function loadSingle(entry: Entry, source: VersionSource): Promise<boolean> {
  const last = entry.handles.filter(isReady).at(-1);
  if (last !== undefined && (await isUnchanged(last.model, source))) return false;
  // A number is used once, even by a version that never answered.
  const version = String(++entry.lastVersion);
  await loadVersion(entry, version, source, last);
  return true;
}

/** Opens a version, and only then retires what it replaces. */
async function loadVersion(
  entry: Entry,
  version: string,
  source: VersionSource,
  replaced = entry.handles.find((handle) => handle.version === version && isReady(handle)),
): Promise<boolean> {
  if (replaced?.version === version && (await isUnchanged(replaced.model!, source))) return false;
  const handle: Handle = {
    version,
    state: 'LOADING',
    reason: 'it is being loaded',
    model: undefined,
    references: 0,
    onUnused: undefined,
  };
  entry.handles = [...entry.handles.filter(({ state }) => state !== 'UNAVAILABLE'), handle];
  try {
    handle.model = await source.open(version);
  } catch (cause) {
    handle.state = 'UNAVAILABLE';
    handle.reason = 'it could not be loaded';
    if (replaced !== undefined) entry.handles = entry.handles.filter((other) => other !== handle);
    throw new ServerError(
      'load-failed',
      `Model "${entry.name}" could not be loaded.${replaced === undefined ? '' : ` Version ${replaced.version} goes on answering.`}`,
      { cause },
    );
  }
  // One step of the event loop: every request finds the old version or the new one.
  handle.state = 'READY';
  handle.reason = '';
  if (replaced !== undefined) await retire(entry, replaced);
  return true;
}

async function isUnchanged(model: Model, source: VersionSource): Promise<boolean> {
  const { revision } = model.ensemble;
  return revision !== '' && (await source.readRevision().catch(() => undefined)) === revision;
}

async function unloadEntry(entry: Entry): Promise<void> {
  await Promise.all(entry.handles.filter(isReady).map((handle) => retire(entry, handle)));
  entry.handles = [];
}

/** Waits until nobody uses a version, then closes it. */
async function retire(entry: Entry, handle: Handle): Promise<void> {
  handle.state = 'UNLOADING';
  handle.reason = 'it is being unloaded';
  if (handle.references > 0)
    await new Promise<void>((resolve) => {
      handle.onUnused = resolve;
    });
  await handle.model!.ensemble.close();
  entry.handles = entry.handles.filter((other) => other !== handle);
}
