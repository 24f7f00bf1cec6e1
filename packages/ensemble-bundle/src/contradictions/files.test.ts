import { describe, it } from 'vitest';
import {
  expectRefused,
  files,
  manifest,
  pixels,
  staged,
  sum,
  withoutGraph,
  withOutput,
  withPolicy,
} from '../../test/manifests.ts';

describe('files, stages and preprocessing', () => {
  it.each<[string, object, RegExp]>([
    [
      'a bad checksum',
      { ...manifest, files: { 'ensemble.onnx': { bytes: 3, sha256: 'A' } } },
      /64 lower-case/,
    ],
    [
      'a path that climbs out',
      { ...manifest, files: { ...files, '../x': files['ensemble.onnx'] } },
      /"\.\.\/x" is not allowed/,
    ],
    [
      'itself as a file',
      { ...manifest, files: { ...files, 'ensemble.json': files['ensemble.onnx'] } },
      /"ensemble.json" is not allowed/,
    ],
    [
      'a graph that is not listed',
      { ...manifest, graph: 'other.onnx' },
      /"other.onnx" is named but not listed/,
    ],
    [
      'a graph of 0 bytes',
      { ...manifest, files: { 'ensemble.onnx': { ...files['ensemble.onnx'], bytes: 0 } } },
      /0 bytes, which is impossible/,
    ],
    [
      'a file larger than any disk',
      { ...manifest, files: { 'ensemble.onnx': { ...files['ensemble.onnx'], bytes: 2 ** 52 } } },
      /files.ensemble.onnx.bytes/,
    ],
    [
      'two files of one name on a disk that ignores case',
      { ...manifest, files: { ...files, A: files['ensemble.onnx'], a: files['ensemble.onnx'] } },
      /"A" and "a" are one file/,
    ],
    [
      'a file named as a device',
      { ...manifest, files: { ...files, 'nul.txt': files['ensemble.onnx'] } },
      /device on Windows/,
    ],
    [
      'members of another number than the graph gives',
      withOutput({ role: 'members', shape: [null, 3, 3] }),
      /has shape \[, 2, 3\], not \[, 3, 3\]/,
    ],
    [
      'a cascade that nothing can run',
      withPolicy({ cascade: { order: [1, 0], thresholds: [0.9] } }),
      /a cascade needs form "staged"/,
    ],
    ['a fused form without graph', withoutGraph, /form "fused" needs a graph/],
    [
      'stages of a fused form',
      { ...manifest, stages: [{ file: 'ensemble.onnx', members: [0, 1], state: [] }] },
      /form "fused" has stages/,
    ],
    ['a staged form without stages', { ...manifest, form: 'staged' }, /"staged" needs stages/],
    [
      'a stage without state',
      staged([
        { members: [0], state: [] },
        { members: [1], state: [] },
      ]),
      /stages.1.state: it is empty/,
    ],
    [
      'a member in two stages',
      staged([
        { members: [0], state: [] },
        { members: [0], state: [sum] },
      ]),
      /must be distinct and below 2/,
    ],
    [
      'a first stage with state',
      staged([{ members: [0, 1], state: [sum] }]),
      /the first stage cannot take a state/,
    ],
    [
      'a separate form without files',
      { ...manifest, form: 'separate' },
      /"separate" needs a file of every member/,
    ],
    [
      'preprocessing of nothing',
      { ...manifest, preprocess: { x: pixels } },
      /preprocess.x: there is no such input/,
    ],
    [
      'a mean for other channels',
      { ...manifest, preprocess: { image: { ...pixels, mean: [1, 2] } } },
      /2 numbers for 1 channels/,
    ],
  ])('refuses %s', (_, json, message) => {
    expectRefused(json, message);
  });
});
