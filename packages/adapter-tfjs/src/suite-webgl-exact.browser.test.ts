// The half of the suite that trains longest on WebGL: two pages share the work.
import '../test/choose-webgl.ts';
import './leaks.test.ts';
import './resume.test.ts';
import './trainer.test.ts';
import './trainer-contract.test.ts';
