import { applyPolicy, predictWithPolicy } from '../apply-policy.ts';
import { fitTemperature } from '../calibration/fit-temperature.ts';
import { applyTemperature } from '../calibration/temperature.ts';
import { combine } from '../combine/combine.ts';
import { fitPolicy, type FitPolicyOptions } from '../fit-policy.ts';
import { checkKind, type OutputKind } from '../kinds.ts';
import { pooledKind, type PooledKind } from '../metrics/losses.ts';
import type { EnsemblePolicy } from '../policy.ts';
import { selectionProblem } from '../selection/problem.ts';
import { argmin, lastMembers, memberLosses } from '../selection/simple.ts';
import { memberOutputs, pickMembers, type Outputs, type Predictions } from '../shapes.ts';
import { softmax, softmaxMembers } from '../softmax.ts';
import { checkDisjoint, type LabelledRows } from './disjoint.ts';
import type { EnsembleReport } from './report.ts';
import { scoresOf, type Scores } from './scores.ts';
import { calibrationOf, cascadeOf, conformalOf, diversityOf, uncertaintyOf } from './sections.ts';
import { judgeEnsemble, type Contestant, type VerdictOptions } from './verdict.ts';

export interface EvaluateOptions {
  /** What the members' values are, and the rival's. */
  readonly kind: OutputKind;
  /** Rows, held out from training, on which the policy is fitted and the best member is chosen. */
  readonly fit: LabelledRows;
  /** Other rows, held out from training and from fitting, on which everything is reported. */
  readonly report: LabelledRows;
  /** Default: `fitPolicy`'s. */
  readonly policy?: Omit<FitPolicyOptions, 'kind'>;
  /**
   * The best single model that the same budget buys, on the same rows as the members, as the same kind of values;
   * `'none'` leaves the question open, and the verdict says so.
   */
  readonly rival: { readonly fit: Outputs; readonly report: Outputs } | 'none';
  readonly verdict?: Omit<VerdictOptions, 'kind'>;
}

/**
 * Fits a policy on some rows and tells the truth about it on others. The best member is the one that looks best on
 * the fit rows. It and the rival get a temperature of their own from the fit rows wherever the policy gets one, for
 * only calibrated likelihoods compare (Ashukha et al. 2020). Refuses rows that are in both.
 */
export function evaluateEnsemble(options: EvaluateOptions): EnsembleReport {
  const { kind, policy: policyOptions = {}, rival } = options;
  checkDisjoint(options.fit, options.report);
  checkKind('evaluateEnsemble', kind, options.fit.predictions.classes);
  const fit = asProbabilities(kind, options.fit);
  const report = asProbabilities(kind, options.report);
  const inner = pooledKind(kind);
  const policy = fitPolicy(fit.predictions, fit.labels, { ...policyOptions, kind: inner });
  const metric = options.verdict?.metric ?? (kind === 'regression' ? 'mse' : 'error');
  const problem = selectionProblem('evaluateEnsemble', fit.predictions, fit.labels, {
    kind: inner,
    metric,
  });
  const best = argmin(memberLosses(problem));
  const single = (onFit: Outputs, onReport: Outputs): Outputs =>
    policyOptions.temperature === undefined || policyOptions.temperature === 'fit'
      ? calibrated(inner, onFit, fit.labels, onReport)
      : onReport;
  const bestMember: Contestant = {
    against: 'bestMember',
    outputs: single(memberOutputs(fit.predictions, best), memberOutputs(report.predictions, best)),
  };
  const contestants = [bestMember];
  if (rival !== 'none') {
    const outputs = single(probable(kind, rival.fit), probable(kind, rival.report));
    contestants.push({ against: 'rival', outputs });
  }
  const { outputs } = predictWithPolicy(policy, report.predictions);
  return {
    rows: { fit: fit.predictions.rows, report: report.predictions.rows },
    ...measure(policy, report, best),
    ...(contestants[1] && { rival: scoresOf(inner, contestants[1].outputs, report.labels) }),
    policy: { ...policy, kind },
    verdict: judgeEnsemble(outputs, contestants, report.labels, {
      ...options.verdict,
      kind: inner,
      metric,
    }),
  };
}

/** What is to be said about a policy and its members, rivals apart. */
function measure(
  policy: EnsemblePolicy,
  report: LabelledRows,
  bestMember: number,
): Omit<EnsembleReport, 'rows' | 'policy' | 'rival' | 'verdict'> {
  const { predictions, labels } = report;
  const result = applyPolicy(policy, predictions);
  const { outputs, uncertainty } = result;
  const cascade = cascadeOf(policy, report, result);
  const conformal = conformalOf(policy, result, labels);
  const score = (what: Outputs): Scores => scoresOf(pooledKind(policy.kind), what, labels);
  return {
    ensemble: score(outputs),
    members: predictions.members.map((_, member) => score(memberOutputs(predictions, member))),
    bestMember,
    growing: growing(predictions, policy, score),
    diversity: diversityOf(policy, predictions, labels),
    ...(uncertainty && {
      calibration: calibrationOf(policy, report, outputs),
      uncertainty: uncertaintyOf(policy.kind, uncertainty, outputs, labels),
    }),
    ...(cascade && { cascade }),
    ...(conformal && { conformal }),
  };
}

/** Scores of the last m and of the first m members, equally weighted. */
function growing(
  predictions: Predictions,
  { combine: rule, kind }: EnsemblePolicy,
  score: (outputs: Outputs) => Scores,
): EnsembleReport['growing'] {
  const count = predictions.members.length;
  const all = lastMembers(count, count);
  const of = (positions: readonly number[]): Scores =>
    score(combine(pickMembers(predictions, positions), rule, { kind }));
  return {
    last: all.map((m) => of(lastMembers(count, m + 1))),
    first: all.map((m) => of(all.slice(0, m + 1))),
  };
}

function calibrated(
  kind: PooledKind,
  onFit: Outputs,
  labels: ArrayLike<number>,
  onReport: Outputs,
): Outputs {
  if (kind === 'regression') return onReport;
  return applyTemperature(onReport, fitTemperature(onFit, labels, { kind }), { kind });
}

function asProbabilities(kind: OutputKind, rows: LabelledRows): LabelledRows {
  if (kind !== 'logits') return rows;
  return { ...rows, predictions: softmaxMembers(rows.predictions) };
}

function probable(kind: OutputKind, outputs: Outputs): Outputs {
  return kind === 'logits' ? softmax(outputs) : outputs;
}
