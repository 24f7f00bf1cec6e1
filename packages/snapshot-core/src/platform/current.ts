// eslint-disable-next-line @nx/enforce-module-boundaries -- package.json chooses the file: Node's or the web's
export { currentHolder } from '#platform';
