import { describe, expect, it } from 'vitest';
import { createFakes } from '../../test/fake-model.ts';
import type { Parameters } from '../protocol/messages.ts';
import { readKnobs } from './parameters.ts';

const model = createFakes().open('1');
const fitted = createFakes().open('1', {
  manifest: { ...model.manifest, policy: { y: { conformal: { alpha: 0.1 } } } } as never,
});

describe('readKnobs', () => {
  it.each<[Parameters, object]>([
    [{}, { options: {}, timeoutMs: undefined, ignored: [] }],
    [{ max_members: 2, confidence: 0.9 }, { options: { maxMembers: 2, confidence: 0.9 } }],
    [{ timeout: 1500 }, { timeoutMs: 1.5 }],
    [{ timeout: 0 }, { timeoutMs: undefined }],
    [{ allow_non_finite: true }, { options: { allowNonFinite: true } }],
    [{ priority: 1, sequence_start: true }, { ignored: ['priority', 'sequence_start'] }],
    [{ sequence_id: 0 }, { ignored: ['sequence_id'] }],
    [{ triton_enable_empty_final_response: true }, { ignored: [expect.any(String)] }],
    [{ colour: 'red' }, { ignored: ['colour'] }],
  ])('reads %j', (parameters, knobs) => {
    expect(readKnobs(model, parameters)).toMatchObject(knobs);
  });

  it.each<[Parameters, string]>([
    [{ max_member: 2 }, 'there is no parameter "max_member". Did you mean max_members?'],
    [{ maxMembers: 2 }, 'Did you mean max_members?'],
    [{ 'max-members': 2 }, 'Did you mean max_members?'],
    [{ confidance: 0.5 }, 'Did you mean confidence?'],
    [{ timeouts: 5 }, 'Did you mean timeout?'],
    [{ Alpha: 0.1 }, 'Did you mean alpha?'],
    [{ max_members: 0 }, 'the parameter max_members is 0; it must be a whole number from 1'],
    [{ max_members: '2' }, 'the parameter max_members is "2"'],
    [{ confidence: 1.1 }, 'the parameter confidence is 1.1'],
    [{ timeout: -1 }, 'the parameter timeout is -1'],
    [{ alpha: 0.1 }, 'left out: this bundle was exported without conformal sets'],
    [{ sequence_id: 7 }, 'sequence_id is set'],
    [{ triton_x: 1 }, 'the reserved prefix "triton_"'],
  ])('refuses %j', (parameters, text) => {
    expect(() => readKnobs(model, parameters)).toThrow(text);
  });

  it('takes the alpha that was fitted, and no other', () => {
    expect(readKnobs(fitted, { alpha: 0.1 }).ignored).toEqual([]);
    expect(() => readKnobs(fitted, { alpha: 0.2 })).toThrow('it must be 0.1, the error rate');
  });
});
