import type { Files } from './deployment.ts';

export const targets = ['triton', 'kserve', 'kubernetes', 'ray', 'docker'] as const;
export type Target = (typeof targets)[number];

interface Guide {
  readonly title: string;
  readonly run: string;
  readonly check: string;
}

const guides: Readonly<Record<Target, (name: string) => Guide>> = {
  triton: (name) => ({
    title: 'A Triton model repository',
    run: 'tritonserver --model-repository .',
    check: `npx snapshot-ensemble verify BUNDLE --url http://localhost:8000 --model ${name}`,
  }),
  kserve: (name) => ({
    title: 'An InferenceService for KServe',
    run: 'kubectl apply -f inference-service.yaml',
    check: `kubectl apply --dry-run=server -f inference-service.yaml && kubectl wait --for=condition=Ready inferenceservice/${name}`,
  }),
  kubernetes: (name) => ({
    title: 'Kubernetes manifests',
    run: 'kubectl apply -k .',
    check: `kubectl apply --dry-run=server -k . && kubectl rollout status deployment/${name}`,
  }),
  ray: (name) => ({
    title: 'A Ray Serve application',
    run: 'pip install -r requirements.txt && serve run app:app',
    check: `npx snapshot-ensemble verify bundle --url http://localhost:8000 --model ${name}`,
  }),
  docker: (name) => ({
    title: 'The context of a container image',
    run: `docker build -t ${name.toLowerCase()} . && docker run --read-only --tmpfs /tmp -p 8000:8000 -p 8001:8001 ${name.toLowerCase()}`,
    check: `npx snapshot-ensemble verify bundle --url http://localhost:8000 --model ${name}`,
  }),
};

/** A page that says how to run what was written and how to check it. */
export function guideFile(target: Target, name: string, more: readonly string[]): Files {
  const { title, run, check } = guides[target](name);
  const lines = [
    `# ${title}: ${name}`,
    ...more,
    `Run it, in this folder:\n\n    ${run}`,
    `Check it:\n\n    ${check}`,
  ];
  return { 'README.md': `${lines.join('\n\n')}\n` };
}
