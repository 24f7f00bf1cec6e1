// @ts-check
import { nameOf, number, percent, settingsOf, table, unknownOf } from './format.mjs';

/** @param {readonly any[]} runs as score.mjs wrote them */
export function tfjsTables(runs) {
  const kinds = [...new Set(runs.map(({ task, epochs }) => `${task}, ${epochs} epochs`))];
  return kinds
    .map((kind) => {
      const own = runs.filter(({ task, epochs }) => `${task}, ${epochs} epochs` === kind);
      return `### ${kind}\n\n${kind.startsWith('diamonds') ? regression(own) : classification(own)}`;
    })
    .join('\n\n');
}

function classification(runs) {
  const rows = configsOf(runs).map(({ settings, members, seeds, scores }) => [
    nameOf(settings, members),
    settingsOf(settings),
    seeds,
    percent(scores.error),
    number(scores.nll, 3),
    number(scores.nllCalibrated, 4),
    number(scores.temperature, 2),
    unknownOf(scores, scores['unknown:mixed.entropy'] ? 'unknown:mixed' : 'unknown:mnist'),
  ]);
  const head = ['error %', 'NLL raw', 'NLL calibrated', 'T', 'unknown found'];
  return table([['method', 'settings', 'seeds', ...head], ...rows]);
}

function regression(runs) {
  const rows = configsOf(runs).map(({ settings, members, seeds, scores }) => [
    nameOf(settings, members),
    settingsOf(settings),
    seeds,
    number(
      scores.mse.map((value) => 1000 * value),
      2,
    ),
  ]);
  return table([['method', 'settings', 'seeds', 'squared error × 1000'], ...rows]);
}

function configsOf(runs) {
  const configs = [...new Set(runs.map(({ settings }) => JSON.stringify(settings)))];
  return configs.map((text) => {
    const own = runs.filter(({ settings }) => JSON.stringify(settings) === text);
    const { settings, members, scores } = own[0];
    return {
      settings,
      members,
      seeds: own.length,
      scores: Object.fromEntries(
        Object.keys(scores).map((name) => [name, own.map((run) => run.scores[name])]),
      ),
    };
  });
}
