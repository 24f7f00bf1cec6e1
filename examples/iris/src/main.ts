import { compareOnIris, type IrisResult, type IrisScores } from './iris.ts';

const seeds = [1, 2, 3, 4, 5];
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const line = ({ accuracy, nll }: IrisScores): string =>
  `${(100 * accuracy).toFixed(1).padStart(5)} %   ${nll.toFixed(3)}`;

console.log('50 held-out irises: accuracy, NLL raw\n');
console.log('seed   one model         snapshot ensemble   members');
const results: IrisResult[] = [];
for (const seed of seeds) {
  const result = await compareOnIris(seed);
  results.push(result);
  console.log(
    `${seed}      ${line(result.single)}   ${line(result.ensemble)}     ${result.members}`,
  );
}
const average = (of: 'single' | 'ensemble'): IrisScores => ({
  accuracy: mean(results.map((result) => result[of].accuracy)),
  nll: mean(results.map((result) => result[of].nll)),
});
const [single, ensemble] = [average('single'), average('ensemble')];
console.log(`mean   ${line(single)}   ${line(ensemble)}`);
console.log(`\nSeed ${seeds[0]!}: ${results[0]!.verdict}`);
console.log('\nFifty flowers are few: one is 2 %.');
