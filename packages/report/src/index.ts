export type {
  Agreement,
  CascadeCost,
  Disputed,
  Evidence,
  InterpolatedScore,
  ReliabilityDiagram,
  RiskCurve,
  UnknownInputs,
} from './evidence.ts';
export { renderSvg } from './render-svg.ts';
export type { PictureSpec, RenderSvgOptions } from './render-svg.ts';
export type { EpochRecord, RecordedCycle, ResultRow, Results, RunReport } from './run.ts';
export { runReport } from './run-report.ts';
export type { ReportFiles } from './run-report.ts';
