import { TfjsAdapterError } from './errors.ts';

/** Where a host takes errors that cannot be thrown: pages and workers in `reportError`, Node in `emitWarning`. */
interface Host {
  readonly reportError?: (error: unknown) => void;
  readonly process?: { readonly emitWarning?: (warning: Error) => void };
}

/**
 * tfjs gives all callbacks the fit's parameters and then, at once, the model. At a plain object behind one of ours it breaks
 * off between the two, before the first step, with "callback.setParams is not a function", and calls nothing of ours that
 * could throw the fix instead. So the host gets it, beside tfjs's own error.
 */
export function reportPlainBeside(hasModel: () => boolean): void {
  queueMicrotask(() => {
    if (hasModel()) return;
    const { reportError, process } = globalThis as Host;
    const report = reportError ?? process?.emitWarning;
    report?.call(reportError ? globalThis : process, plainBeside());
  });
}

function plainBeside(): TfjsAdapterError {
  return new TfjsAdapterError(
    'callback-order',
    'tfjs broke off before the first step: an entry of `callbacks` behind this one is a plain object, which it takes only where ' +
      'all entries are. Pass callbacks: tfjsCallbacks(tf, [thisCallback, { onEpochEnd }]).',
  );
}
