import { describe } from '@snapshot-ensemble/schedules';
import { sparkline } from '@snapshot-ensemble/schedules/pictures';
import { train } from './train.ts';

const { plan, schedule, logLosses, ensembleLogLoss, ensembleAccuracy } = train({
  epochs: 600,
  cycles: 6,
  seed: 1,
});
console.log(sparkline(schedule, plan, { height: 2 }));
console.table(describe(plan, schedule).map((row) => ({ ...row, logLoss: logLosses[row.index] })));
console.log(
  `mean of ${logLosses.length} snapshots: log-loss ${ensembleLogLoss.toFixed(4)}, accuracy ${ensembleAccuracy}`,
);
