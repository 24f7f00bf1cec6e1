import { InferenceError } from '@snapshot-ensemble/ensemble-runtime';
import { describe, expect, it } from 'vitest';
import { ServerError } from '../errors.ts';
import { grpcRefusalOf } from '../grpc/status.ts';
import { refusalOf } from './status.ts';

const secret = 'at /srv/models/bundle';

describe('refusalOf', () => {
  it.each([
    [new ServerError('overloaded', 'full'), 503, 14, 'full'],
    [new InferenceError('overloaded', 'full'), 503, 14, 'full'],
    [new InferenceError('invalid-input', 'shape'), 400, 3, 'shape'],
    [new InferenceError('non-finite-input', 'NaN'), 400, 3, 'NaN'],
    [new InferenceError('non-finite-output', 'NaN'), 422, 11, 'NaN'],
    [new InferenceError('deadline-exceeded', 'late'), 504, 4, 'late'],
    [new InferenceError('aborted', 'gone'), 499, 1, 'gone'],
    [new ServerError('not-found', 'no m'), 404, 5, 'no m'],
    [new ServerError('unauthenticated', 'key'), 401, 16, 'key'],
    [new ServerError('forbidden', 'off'), 403, 7, 'off'],
  ])('answers %s with %i and %i', (error, http, grpc, text) => {
    expect(refusalOf(error)).toMatchObject({ status: http, message: text });
    expect(grpcRefusalOf(error)).toMatchObject({ status: grpc, message: text });
  });

  it.each([
    new Error(secret),
    new InferenceError('failed', secret),
    new InferenceError('worker-crashed', secret),
    new InferenceError('unavailable', secret),
    new InferenceError('closed', secret),
    new ServerError('load-failed', secret),
  ])('tells nothing of the inside for %s', (error) => {
    const { status, message } = refusalOf(error);
    expect(status).toBeGreaterThanOrEqual(500);
    expect(message).not.toContain('/srv');
    expect(grpcRefusalOf(error).message).toBe(message);
  });
});
