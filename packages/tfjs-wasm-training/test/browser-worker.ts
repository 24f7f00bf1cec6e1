import { tryTraining } from './browser.ts';

tryTraining().then(
  (found) => {
    postMessage(found);
  },
  (error: unknown) => {
    postMessage(String(error));
  },
);
