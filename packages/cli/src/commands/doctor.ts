import { availableParallelism } from 'node:os';
import { availableCores } from '@snapshot-ensemble/ensemble-runtime';
import type { Command } from 'commander';
import type { Surroundings } from '../command.ts';
import type { Finding } from '../doctor/finding.ts';
import { checkOnnxruntime } from '../doctor/onnxruntime.ts';
import { checkCores, checkNode, checkPlatform, thisSystem } from '../doctor/system.ts';
import { checkTensorflow } from '../doctor/tensorflow.ts';
import { CheckFailedError } from '../run-main.ts';

export function define(command: Command, { print, progress, directory }: Surroundings): void {
  command
    .description(
      'Checks what this machine and this project have: Node, the system, cores, onnxruntime-node and CUDA ' +
        '(by opening sessions), TensorFlow.js. Exit code 1 if something that is there does not work.',
    )
    .option('--json', 'print the findings as JSON')
    .action(async ({ json }: { readonly json?: true }) => {
      progress('opening sessions');
      const system = thisSystem();
      const findings = [
        checkNode(system),
        checkPlatform(system),
        checkCores(availableParallelism(), availableCores()),
        ...(await checkOnnxruntime(system)),
        ...(await checkTensorflow(directory)),
      ];
      print(json === true ? `${JSON.stringify(findings, undefined, 2)}\n` : findingsText(findings));
      const problems = findings.filter(({ state }) => state === 'problem');
      if (problems.length > 0)
        throw new CheckFailedError(
          `doctor found ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}: ${problems.map(({ what, remedy }) => (remedy === undefined ? what : `${what} (${remedy})`)).join('; ')}.`,
        );
    });
}

const marks: Readonly<Record<Finding['state'], string>> = { ok: '✓', absent: '–', problem: '✗' };

function findingsText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  return findings
    .map(({ what, state, detail, remedy }) => {
      const advice = remedy === undefined ? '' : `\n${' '.repeat(width + 4)}${remedy}`;
      return `${marks[state]} ${what.padEnd(width)}  ${detail}${advice}\n`;
    })
    .join('');
}
