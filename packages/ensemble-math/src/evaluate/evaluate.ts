import { applyPolicy, predictWithPolicy } from '../apply-policy.ts';
import { fitTemperature } from '../calibration/fit-temperature.ts';
import { applyTemperature } from '../calibration/temperature.ts';
import { combine } from '../combine/combine.ts';
import { fitPolicy, type FitPolicyOptions } from '../fit-policy.ts';
import { checkKind, type OutputKind } from '../kinds.ts';
import { pooledKind } from '../metrics/losses.ts';
import { checkOptions } from '../options.ts';
import type { EnsemblePolicy } from '../policy.ts';
import { selectionProblem } from '../selection/problem.ts';
import { argmin, lastMembers, memberLosses } from '../selection/simple.ts';
import { memberOutputs, pickMembers, type Outputs, type Predictions } from '../shapes.ts';
import { softmax, softmaxMembers } from '../softmax.ts';
import { checkDisjoint } from './disjoint.ts';
import type { LabelledRows } from './labelled-rows.ts';
import type { EnsembleReport } from './report.ts';
import { judgedScores, scoresOf, type Scores } from './scores.ts';
import { cascadeOf, conformalOf, diversityOf, uncertaintyOf } from './sections.ts';
import { judgeEnsemble, type Contestant, type Judged, type VerdictOptions } from './verdict.ts';

export interface EvaluateOptions {
  /** What the members' values are, and the rival's. */
  readonly kind: OutputKind;
  /** Rows held out from training: the policy is fitted and the best member chosen on them. */
  readonly fit: LabelledRows;
  /** Other rows, held out from training and fitting: everything is reported on them. */
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
 * Fits a policy on some rows and judges it on others. The best member is the one that looks best on the fit rows. It
 * and the rival get a temperature of their own from the fit rows wherever the policy gets one, for only calibrated
 * likelihoods compare (Ashukha et al. 2020); what they say as trained is compared too. Refuses rows that are in both.
 */
export function evaluateEnsemble(options: EvaluateOptions): EnsembleReport {
  const where = 'evaluateEnsemble';
  checkOptions(where, options, {
    kind: true,
    fit: true,
    report: true,
    policy: true,
    rival: true,
    verdict: true,
  });
  const { kind, policy: policyOptions = {}, rival } = options;
  if (rival !== 'none') checkOptions(`${where}: rival`, rival, { fit: true, report: true });
  checkDisjoint(options.fit, options.report);
  checkKind(where, kind, options.fit.predictions.classes);
  const inner = pooledKind(kind);
  const policy = fitPolicy(options.fit.predictions, options.fit.labels, { ...policyOptions, kind });
  const fit = asProbabilities(kind, options.fit);
  const report = asProbabilities(kind, options.report);
  const best = bestMember(kind, fit);
  const isFitted = kind !== 'regression' && (policyOptions.temperature ?? 'fit') === 'fit';
  const single = (onFit: Outputs, raw: Outputs): Judged => {
    if (!isFitted || inner === 'regression') return { raw };
    const temperature = fitTemperature(onFit, fit.labels, { kind: inner });
    return { raw, calibrated: applyTemperature(raw, temperature, { kind: inner }) };
  };
  const contestants: Contestant[] = [
    {
      against: 'its best member',
      ...single(memberOutputs(fit.predictions, best), memberOutputs(report.predictions, best)),
    },
  ];
  if (rival !== 'none') {
    const judged = single(probable(kind, rival.fit), probable(kind, rival.report));
    contestants.push({ against: 'the single model of equal budget', ...judged });
  }
  const ensemble = ensembleOutputs(policy, options.report.predictions, isFitted);
  const verdict = judgeEnsemble(ensemble, contestants, report.labels, {
    ...options.verdict,
    kind: inner,
  });
  return {
    rows: { fit: fit.predictions.rows, report: report.predictions.rows },
    policy,
    ensemble: judgedScores(inner, ensemble, report.labels),
    ...(contestants[1] && { rival: judgedScores(inner, contestants[1], report.labels) }),
    bestMember: best,
    ...measure(policy, options.report, report),
    verdict: rival === 'none' ? { ...verdict, text: `${verdict.text} ${openQuestion}` } : verdict,
  };
}

const openQuestion =
  'No single model of equal budget was given: whether one longer run would do as well is not known.';

function ensembleOutputs(
  policy: EnsemblePolicy,
  predictions: Predictions,
  isFitted: boolean,
): Judged {
  const { outputs } = predictWithPolicy(policy, predictions);
  if (!isFitted) return { raw: outputs };
  const raw = predictWithPolicy({ ...policy, temperature: 1 }, predictions).outputs;
  return { raw, calibrated: outputs };
}

/** Position of the member that errs least on the fit rows; in regression by squared error. */
function bestMember(kind: OutputKind, { predictions, labels }: LabelledRows): number {
  const inner = pooledKind(kind);
  const metric = inner === 'regression' ? 'mse' : 'error';
  const options = { kind: inner, metric } as const;
  return argmin(memberLosses(selectionProblem('evaluateEnsemble', predictions, labels, options)));
}

/** What is to be said about a policy and its members, contestants apart. `report` has logits as probabilities. */
function measure(
  policy: EnsemblePolicy,
  given: LabelledRows,
  report: LabelledRows,
): Pick<
  EnsembleReport,
  'members' | 'growing' | 'diversity' | 'uncertainty' | 'cascade' | 'conformal'
> {
  const { predictions, labels } = report;
  const result = applyPolicy(policy, given.predictions);
  const { outputs, uncertainty } = result;
  const inner = pooledKind(policy.kind);
  const cascade = cascadeOf(policy, given, result);
  const conformal = conformalOf(policy, result, labels);
  const score = (what: Outputs): Scores => scoresOf(inner, what, labels);
  return {
    members: predictions.members.map((_, member) => score(memberOutputs(predictions, member))),
    growing: growing(predictions, { ...policy, kind: inner }, score),
    diversity: diversityOf({ ...policy, kind: inner }, predictions, labels),
    ...(uncertainty && { uncertainty: uncertaintyOf(policy.kind, uncertainty, outputs, labels) }),
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

function asProbabilities(kind: OutputKind, rows: LabelledRows): LabelledRows {
  if (kind !== 'logits') return rows;
  return { ...rows, predictions: softmaxMembers(rows.predictions) };
}

function probable(kind: OutputKind, outputs: Outputs): Outputs {
  return kind === 'logits' ? softmax(outputs) : outputs;
}
