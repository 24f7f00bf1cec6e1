import { pathProblem, pathsThatCollide } from '@snapshot-ensemble/bytes';
import type { BundleManifest } from '../manifest.ts';
import { MANIFEST_PATH } from '../paths.ts';
import { repeated } from './repeated.ts';

/** What is wrong with members, and with files and the form that names them. */
export function fileProblems(manifest: BundleManifest): readonly string[] {
  const { graph, stages = [], members, files } = manifest;
  const paths = Object.keys(files);
  const unsafe = paths.flatMap((path) => {
    const problem = path === MANIFEST_PATH ? 'it is the manifest' : pathProblem(path);
    return problem === undefined
      ? []
      : [`files: the path ${JSON.stringify(path)} is not allowed: ${problem}`];
  });
  const collision = pathsThatCollide(paths);
  const named = [
    ...(graph === undefined ? [] : [graph]),
    ...stages.map(({ file }) => file),
    ...members.flatMap(({ file }) => file ?? []),
  ];
  const unlisted = named
    .filter((path) => !Object.hasOwn(files, path))
    .map((path) => `files: ${JSON.stringify(path)} is named but not listed`);
  return [
    ...unsafe,
    ...(collision
      ? [`files: "${collision[0]}" and "${collision[1]}" are one file on a disk that ignores case`]
      : []),
    ...unlisted,
    ...Array.from(repeated(named), (path) => `files: "${path}" is named twice`),
    ...named
      .filter((path) => Object.hasOwn(files, path) && files[path]!.bytes === 0)
      .map((path) => `files: the graph "${path}" has 0 bytes, which is impossible`),
    ...Array.from(
      repeated(members.map(({ id }) => id)),
      (id) => `members: the id "${id}" occurs twice`,
    ),
    ...formProblems(manifest),
    ...stageProblems(manifest),
  ];
}

function formProblems({ form, graph, stages, members, policy }: BundleManifest): readonly string[] {
  const problems: string[] = [];
  const isOne = form === 'fused' || form === 'stacked';
  if (isOne && graph === undefined) problems.push(`form "${form}" needs a graph`);
  if (form === 'staged' && stages === undefined) problems.push('form "staged" needs stages');
  if (form !== 'staged' && stages !== undefined)
    problems.push(`form "${form}" has stages; only form "staged" may have them`);
  const hasMembers = members.every(({ file }) => file !== undefined);
  if (form === 'separate' && !hasMembers)
    problems.push('form "separate" needs a file of every member');
  const cascades = Object.keys(policy).filter((name) => policy[name]!.cascade !== undefined);
  if (isOne && !hasMembers)
    for (const name of cascades)
      problems.push(
        `policy.${name}.cascade: a ${form} graph runs all members; a cascade needs form "staged" or the members' files`,
      );
  return problems;
}

function stageProblems({ stages = [], members, inputs }: BundleManifest): readonly string[] {
  const run = stages.flatMap((stage) => stage.members);
  const names = new Set(inputs.map(({ name }) => name));
  return [
    ...(run.some((index) => index >= members.length) || new Set(run).size < run.length
      ? [`stages: members [${run.join(', ')}] must be distinct and below ${members.length}`]
      : []),
    ...(stages[0] !== undefined && stages[0].state.length > 0
      ? ['stages.0.state: the first stage cannot take a state']
      : []),
    ...stages.flatMap(({ state }, index) => [
      ...(index > 0 && state.length === 0 ? [`stages.${index}.state: it is empty`] : []),
      ...state
        .filter(({ name }) => names.has(name))
        .map(({ name }) => `stages.${index}.state: "${name}" is an input of the bundle already`),
    ]),
  ];
}
