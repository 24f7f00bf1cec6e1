import type { ConformalPolicy, OutputKind } from '@snapshot-ensemble/ensemble-math';
import type { GraphBuilder } from '../../graph/builder.ts';
import {
  binary,
  cast,
  compare,
  concat,
  reduce,
  scalar,
  slice,
  unsqueeze,
} from '../../graph/ops.ts';
import type { Value } from '../../graph/value.ts';
import { float32 } from '../../onnx/tensor-data.ts';
import { otherSide } from './rows.ts';

// As in ensemble-math: probabilities this close, as a share, are tied.
const TIE_SHARE = 2 ** -16;
// Every class is compared with every other one; so many comparisons of a row at a time keep the memory of a batch small.
const COMPARISONS_AT_ONCE = 65_536;

/** Which classes belong to each row's prediction set: bool, as the prediction; of a binary one `[batch, …, 2]`. */
export function conformalSet(
  graph: GraphBuilder,
  prediction: Value,
  { method, threshold, classThresholds }: ConformalPolicy,
  kind: OutputKind,
): Value {
  const classes = kind === 'binary' ? bothSides(graph, prediction) : prediction;
  const count = classes.shape.at(-1) as number;
  const thresholds = classThresholds ?? Array.from({ length: count }, () => threshold);
  const least = graph.constant(
    'least_support',
    float32(
      [count],
      thresholds.map((own) => 1 - own),
    ),
  );
  const support = method === 'aps' ? lessLikely(graph, classes) : classes;
  return { ...compare(graph, 'GreaterOrEqual', support, least), shape: classes.shape };
}

/** The prediction ± the threshold: `[batch, …, values, 2]`. */
export function interval(
  graph: GraphBuilder,
  prediction: Value,
  { threshold }: ConformalPolicy,
): Value {
  const ends = [-threshold, threshold].map((shift) =>
    unsqueeze(graph, binary(graph, 'Add', prediction, scalar(graph, shift)), [
      prediction.shape.length,
    ]),
  );
  return concat(graph, ends, prediction.shape.length);
}

function bothSides(graph: GraphBuilder, positive: Value): Value {
  return concat(graph, [otherSide(graph, positive), positive], positive.shape.length - 1);
}

/** For each class, the probability of the classes less likely than it, all together. Romano et al. 2020. */
function lessLikely(graph: GraphBuilder, classes: Value): Value {
  const last = classes.shape.length - 1;
  const count = classes.shape[last] as number;
  const step = Math.max(1, Math.floor(COMPARISONS_AT_ONCE / count));
  const parts: Value[] = [];
  const others = unsqueeze(graph, classes, [last]);
  for (let start = 0; start < count; start += step) {
    const end = Math.min(count, start + step);
    const some = step >= count ? classes : slice(graph, classes, last, start, end);
    const own = binary(graph, 'Mul', some, scalar(graph, 1 - TIE_SHARE));
    const isLess = cast(
      graph,
      compare(graph, 'Less', others, unsqueeze(graph, own, [last + 1])),
      'float32',
    );
    parts.push(reduce(graph, 'ReduceSum', binary(graph, 'Mul', isLess, others), [last + 1], false));
  }
  return { ...concat(graph, parts, last), shape: classes.shape };
}
