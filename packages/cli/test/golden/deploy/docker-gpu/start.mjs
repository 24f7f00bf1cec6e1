// Serves the bundle beside this file. Further arguments are options of `snapshot-ensemble serve`; the environment may name another
// bundle (BUNDLE, a folder or s3://bucket/folder) and what it is called (MODEL_NAME).
const { MODEL_NAME = "tiny", BUNDLE = 'bundle' } = process.env;
process.argv.splice(2, 0, 'serve', `${MODEL_NAME}=${BUNDLE}`, "--host", "0.0.0.0", "--port", "8000", "--grpc-port", "8001", "--device", "cuda");
process.chdir(import.meta.dirname);
await import(new URL('node_modules/snapshot-ensemble/dist/main.js', import.meta.url).href);
