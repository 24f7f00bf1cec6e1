// The rest is in suite-webgl-exact.browser.test.ts.
import '../test/choose-webgl.ts';
import './cases.test.ts';
import './first-argument.test.ts';
import './learning-rate.test.ts';
import './load-members.test.ts';
import './output-kind.test.ts';
import './own-learning-rate.test.ts';
import './resume-refused.test.ts';
import './same-door.test.ts';
import './snapshot-ensemble-callback.test.ts';
import './to-tfjs-callback.test.ts';
import './train-steps.test.ts';
import './unusable-members.test.ts';
import './verbose.test.ts';
import './wrong-steps.test.ts';
import '../test/option-keys.test.ts';
