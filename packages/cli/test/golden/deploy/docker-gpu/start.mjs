// Serves the bundle beside this file. Further arguments are options of `snapshot-ensemble serve`.
process.argv.splice(2, 0, 'serve', "tiny=bundle", "--host", "0.0.0.0", "--port", "8000", "--grpc-port", "8001", "--device", "cuda");
process.chdir(import.meta.dirname);
await import(new URL('node_modules/snapshot-ensemble/dist/main.js', import.meta.url).href);
