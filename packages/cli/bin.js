#!/usr/bin/env node
// Committed, not built: npm links the command when it installs, and in a clone nothing is built then.
import './dist/main.js';
