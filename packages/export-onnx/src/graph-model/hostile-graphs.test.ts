import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { opCases, type OpCase } from '../../test/op-cases.ts';
import { attr, graphModel, placeholder, type GraphNode } from '../../test/graph-def.ts';
import { replaced } from '../../test/replace-json.ts';
import { exportOnnx as exportUnchecked } from '../export-onnx.ts';
import { ExportError, type GraphModelArtifacts } from '../index.ts';

const isLong = process.env['TIER'] === 'long';
const MUTANTS = isLong ? 100_000 : 100;
const SEED = 9;

/** One node of each operation, with its constants. */
function everyOperation(): GraphModelArtifacts {
  const cases = Object.keys(opCases).map(
    (op) => fc.sample(opCases[op]!, { seed: SEED, numRuns: 1 })[0]!,
  );
  const pieces = cases.map(pieceOf);
  return graphModel(
    pieces.flatMap(({ nodes }) => nodes),
    pieces.flatMap(({ constants }) => constants),
    Object.fromEntries(cases.map((_, index) => [`out${index}`, `c${index}:0`])),
  );
}

function pieceOf({ op, inputs, attributes }: OpCase, index: number) {
  const name = (place: number): string => `c${index}_in${place}`;
  const fed = inputs.flatMap((input, place) =>
    input.isFed ? [placeholder(name(place), input.dtype, input.shape)] : [],
  );
  const constants = inputs.flatMap(({ isFed, dtype, shape, elements }, place) => {
    const count = shape.reduce((total, dim) => total * dim, 1);
    const values = Array.isArray(elements)
      ? (elements as number[])
      : new Array<number>(count).fill(1);
    return isFed ? [] : [{ name: name(place), dtype, shape, values }];
  });
  const node: GraphNode = {
    name: `c${index}`,
    op,
    input: inputs.map((_, place) => name(place)),
    attr: attributes,
  };
  return { nodes: [...fed, node], constants };
}

function controlFlow(): GraphModelArtifacts {
  const argument = (name: string): object => ({ name, type: 'DT_FLOAT' });
  const func = (name: string, op: string): object => ({
    signature: { name, inputArg: [argument('a')], outputArg: [argument('out')] },
    nodeDef: [{ name: 'n', op, input: op === 'Less' ? ['a', 'a'] : ['a'] }],
    ret: { out: 'n:y:0' },
  });
  return graphModel(
    [
      placeholder('flag', 'bool', []),
      placeholder('x', 'float32', []),
      {
        name: 'if',
        op: 'If',
        input: ['flag', 'x'],
        attr: { then_branch: attr.func('f'), else_branch: attr.func('g') },
      },
      {
        name: 'while',
        op: 'While',
        input: ['if'],
        attr: { cond: attr.func('h'), body: attr.func('f') },
      },
    ],
    [],
    { y: 'while:0' },
    [func('f', 'Abs'), func('g', 'Neg'), func('h', 'Less')],
  );
}

const values = [
  ...[
    '0',
    '-1',
    '1',
    '2',
    '3',
    '1e9',
    '1e308',
    '1.5',
    'null',
    'true',
    'false',
    '""',
    '"x"',
    '[]',
    '{}',
    '[[]]',
  ],
  ...[
    '"4294967296"',
    '"-1"',
    '"9007199254740993"',
    '"Const"',
    '"While"',
    '"If"',
    '"f"',
    '"Conv2D"',
    '"StridedSlice"',
  ],
  ...[
    '"__proto__"',
    '"constructor"',
    '"DT_STRING"',
    '"DT_INT32"',
    '"U0FNRQ=="',
    '"RVhQTElDSVQ="',
    '"c1"',
    '"c5:7"',
    '"^c1"',
  ],
  ...[
    '{"size":"1000000000"}',
    '{"dim":[{"size":-1}]}',
    '{"unknownRank":true}',
    '{"list":{"i":["0","0"]}}',
  ],
];

/** An export, or a typed error. */
function outcomeOf(artifacts: GraphModelArtifacts): string {
  try {
    return exportUnchecked(artifacts).bytes.length > 0 ? 'exported' : 'empty';
  } catch (error) {
    if (error instanceof ExportError) return error.code;
    throw error;
  }
}

const allowed = [
  'exported',
  'invalid-option',
  'invalid-topology',
  'invalid-weights',
  'too-large',
  'unsupported-model',
];

describe('graph models of strangers', () => {
  it(
    'are exported, or refused with a typed error',
    () => {
      const models = [everyOperation(), controlFlow()];
      const texts = models.map(({ modelTopology, weightSpecs, signature }) => ({
        modelTopology: JSON.stringify(modelTopology),
        weightSpecs: JSON.stringify(weightSpecs),
        signature: JSON.stringify(signature ?? {}),
      }));
      const seen = new Map<string, number>();
      const change = fc.record({
        model: fc.nat(models.length - 1),
        target: fc.constantFrom(
          'modelTopology',
          'modelTopology',
          'modelTopology',
          'weightSpecs',
          'signature',
          'bytes',
        ),
        edits: fc.array(fc.record({ place: fc.nat(1e6), value: fc.constantFrom(...values) }), {
          minLength: 1,
          maxLength: 3,
        }),
      });
      for (const { model, target, edits } of fc.sample(change, { seed: SEED, numRuns: MUTANTS })) {
        const artifacts = models[model]!;
        let mutant: GraphModelArtifacts;
        if (target === 'bytes') {
          const whole = artifacts.weightData as ArrayBuffer;
          mutant = {
            ...artifacts,
            weightData: whole.slice(0, edits[0]!.place % (whole.byteLength + 1)),
          };
        } else {
          let text = texts[model]![target as 'signature'];
          for (const { place, value } of edits) text = replaced(text, place, value);
          mutant = { ...artifacts, [target]: JSON.parse(text) as object };
        }
        const outcome = outcomeOf(mutant);
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
        if (!allowed.includes(outcome)) expect([outcome, target, edits]).toEqual([]);
      }
      process.stdout.write(
        `${MUTANTS} mutants of graph models: ${JSON.stringify(Object.fromEntries(seen))}\n`,
      );
      expect(seen.get('exported')).toBeGreaterThan(0);
      expect(seen.get('unsupported-model')).toBeGreaterThan(0);
    },
    isLong ? 3_600_000 : undefined,
  );

  it('may feed an operation tensors of any rank', () => {
    const shapes = [[], [2], [2, 3], [1, 2, 3, 2, 1, 2]];
    const seen = Object.entries(opCases).flatMap(([op, cases]) => {
      const [given] = fc.sample(cases, { seed: SEED, numRuns: 1 });
      return given!.inputs.flatMap((fed, place) =>
        shapes.map((shape): readonly [string, string] => {
          const inputs = given!.inputs.with(place, {
            ...fed,
            shape,
            elements: Array.isArray(fed.elements) ? new Array<number>(8).fill(1) : fed.elements,
          });
          const { nodes, constants } = pieceOf({ ...given!, inputs }, 0);
          const name = `${op} ${place} [${shape.join(', ')}]`;
          return [name, outcomeOf(graphModel(nodes, constants, { out: 'c0:0' }))];
        }),
      );
    });
    expect(seen.filter(([, outcome]) => !allowed.includes(outcome))).toEqual([]);
    const refused = seen.filter(([, outcome]) => outcome === 'unsupported-model');
    expect(refused.length).toBeGreaterThan(0);
  });

  it('do not overflow the stack by a chain of 50,000 nodes, nor by functions that call themselves', () => {
    const chain = Array.from({ length: 50_000 }, (_, index): GraphNode => ({
      name: `n${index}`,
      op: 'Identity',
      input: [index === 0 ? 'x' : `n${index - 1}`],
    }));
    expect(
      outcomeOf(graphModel([placeholder('x', 'float32', [1]), ...chain], [], { y: 'n49999:0' })),
    ).toBe('exported');
    const recursive = {
      signature: { name: 'f', inputArg: [{ name: 'a' }], outputArg: [{ name: 'out' }] },
      nodeDef: ['p', 'q'].map((name) => ({
        name,
        op: 'If',
        input: ['flag', 'a'],
        attr: { then_branch: attr.func('f'), else_branch: attr.func('f') },
      })),
      ret: { out: 'q:output:0' },
    };
    const nodes = [
      placeholder('flag', 'bool', []),
      {
        name: 'y',
        op: 'If',
        input: ['flag', 'flag'],
        attr: { then_branch: attr.func('f'), else_branch: attr.func('f') },
      },
    ];
    expect(['invalid-topology', 'too-large', 'unsupported-model']).toContain(
      outcomeOf(graphModel(nodes, [], { y: 'y:0' }, [recursive])),
    );
  });
});
