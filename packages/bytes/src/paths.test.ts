import { describe, expect, it } from 'vitest';
import { isSafePath, pathProblem, pathsThatCollide } from './index.ts';

describe('pathProblem', () => {
  it.each([
    'ensemble.json',
    'members/step-00001200-x.safetensors',
    '.hidden/..two',
    'CARD.md',
    'console',
    'com10',
    'a'.repeat(200),
  ])('takes %s', (path) => {
    expect(pathProblem(path)).toBeUndefined();
    expect(isSafePath(path)).toBe(true);
  });

  it.each([
    ['', 'it is empty'],
    ['a'.repeat(201), 'it has 201 characters; at most 200 are allowed'],
    ['/etc', 'it has an empty segment: remove the extra "/"'],
    ['a//b', 'it has an empty segment: remove the extra "/"'],
    ['a/', 'it has an empty segment: remove the extra "/"'],
    ['../a', 'the segment ".." is not allowed'],
    ['a/./b', 'the segment "." is not allowed'],
    ['a\\b', 'the segment "a\\\\b" may hold only letters, digits, ".", "_" and "-"'],
    ['a b', 'the segment "a b" may hold only letters, digits, ".", "_" and "-"'],
    ['a\0', 'the segment "a\\u0000" may hold only letters, digits, ".", "_" and "-"'],
    ['é', 'the segment "é" may hold only letters, digits, ".", "_" and "-"'],
    ['C:', 'the segment "C:" may hold only letters, digits, ".", "_" and "-"'],
    ['a./b', 'the segment "a." ends with a dot, which Windows drops'],
    ['members/NUL', 'the segment "NUL" is a device on Windows'],
    ['com1.onnx', 'the segment "com1.onnx" is a device on Windows'],
  ])('refuses %j', (path, problem) => {
    expect(pathProblem(path)).toBe(problem);
    expect(isSafePath(path)).toBe(false);
  });
});

describe('pathsThatCollide', () => {
  it.each([
    [['a', 'b', 'a/b'], undefined],
    [['a', 'a'], undefined],
    [
      ['members/A', 'b', 'Members/a'],
      ['members/A', 'Members/a'],
    ],
  ])('of %j', (paths, expected) => {
    expect(pathsThatCollide(paths)).toEqual(expected);
  });
});
