import { bundleBytes, bundleFiles, type Deployment, type Files } from './deployment.ts';
import { ports } from './kubernetes.ts';
import { checkModelName } from './names.ts';

export interface DockerOptions {
  readonly device: 'cpu' | 'gpu';
  /** Version of this package, which the image installs. */
  readonly version: string;
  /** Version of onnxruntime-node, which the image installs. */
  readonly onnxruntime: string;
  /** Tarballs of our packages by file name, for versions that the registry does not have. */
  readonly tarballs: Readonly<Record<string, Uint8Array>>;
}

const NODE = '20.20';

/** Everything that `docker build` needs: the bundle, what to install, and how to start. */
export function dockerContext(deployment: Deployment, options: DockerOptions): Files {
  const name = checkModelName(deployment.name);
  const tarballs = Object.fromEntries(
    Object.entries(options.tarballs).map(([file, bytes]) => [`packages/${file}`, bytes]),
  );
  return {
    Dockerfile: dockerfile(options, Object.keys(tarballs).length > 0),
    '.dockerignore': 'node_modules\n',
    '.npmrc': 'fund=false\naudit=false\nupdate-notifier=false\n',
    'package.json': `${JSON.stringify(packageJson(name, options), undefined, 2)}\n`,
    'start.mjs': startProgram(name, options),
    ...tarballs,
    ...bundleFiles(deployment, 'bundle'),
  };
}

function packageJson(name: string, { version, onnxruntime, tarballs }: DockerOptions): object {
  const files = Object.keys(tarballs).map((file) => [packageOf(file), `file:packages/${file}`]);
  return {
    name: `serve-${name.toLowerCase()}`,
    private: true,
    type: 'module',
    dependencies: {
      'snapshot-ensemble': version,
      'onnxruntime-node': onnxruntime,
      ...(Object.fromEntries(files) as Record<string, string>),
    },
  };
}

/** `snapshot-ensemble-bytes-0.1.0.tgz`, as `npm pack` writes it, holds `@snapshot-ensemble/bytes`. */
export function packageOf(file: string): string {
  const stem = file.replace(/-\d+\.\d+\.\d+.*\.tgz$/, '');
  return stem === 'snapshot-ensemble'
    ? stem
    : stem.replace(/^snapshot-ensemble-/, '@snapshot-ensemble/');
}

function dockerfile({ device }: DockerOptions, hasTarballs: boolean): string {
  // onnxruntime-node would download CUDA's provider while it is installed: on the CPU for nothing.
  const install = device === 'gpu' ? 'cuda12' : 'skip';
  const unused = ['darwin', 'win32'].map((os) => `node_modules/onnxruntime-node/bin/*/${os}`);
  const base =
    device === 'gpu'
      ? `FROM nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04
COPY --from=build /usr/local/bin/node /usr/local/bin/node`
      : `FROM node:${NODE}-bookworm-slim`;
  return `# Serves the bundle beside this file over the Open Inference Protocol v2: HTTP on ${ports.http}, gRPC on ${ports.grpc}.
FROM node:${NODE}-bookworm-slim AS build
WORKDIR /app
COPY package.json .npmrc ./
${hasTarballs ? 'COPY packages ./packages\n' : ''}RUN ONNXRUNTIME_NODE_INSTALL=${install} npm install --omit=dev --no-package-lock && rm -r ${unused.join(' ')}

${base}
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app/node_modules ./node_modules
COPY package.json start.mjs ./
COPY bundle ./bundle
USER 1000:1000
EXPOSE ${ports.http} ${ports.grpc}
ENTRYPOINT ["node", "start.mjs"]
`;
}

/** The image's entry point; arguments of the container follow those that stand here. */
function startProgram(name: string, { device }: DockerOptions): string {
  const listen = [
    '--host',
    '0.0.0.0',
    '--port',
    String(ports.http),
    '--grpc-port',
    String(ports.grpc),
  ];
  const flags = device === 'gpu' ? [...listen, '--device', 'cuda'] : listen;
  return `// Serves the bundle beside this file. Further arguments are options of \`snapshot-ensemble serve\`; the environment may name another
// bundle (BUNDLE, a folder or s3://bucket/folder) and what it is called (MODEL_NAME).
const { MODEL_NAME = ${JSON.stringify(name)}, BUNDLE = 'bundle' } = process.env;
process.argv.splice(2, 0, 'serve', \`\${MODEL_NAME}=\${BUNDLE}\`, ${flags.map((flag) => JSON.stringify(flag)).join(', ')});
process.chdir(import.meta.dirname);
await import(new URL('node_modules/snapshot-ensemble/dist/main.js', import.meta.url).href);
`;
}

/** Bytes that the folder adds to an image, less what npm installs. */
export function contextBytes({ bundle }: Deployment, { tarballs }: DockerOptions): number {
  const packed = Object.values(tarballs).reduce((sum, { length }) => sum + length, 0);
  return bundleBytes(bundle.manifest) + packed;
}
