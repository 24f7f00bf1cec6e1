export {};

(globalThis as { TFJS_BACKEND?: string }).TFJS_BACKEND = 'webgl';
