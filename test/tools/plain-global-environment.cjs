const vm = require('node:vm');
const { TestEnvironment } = require('jest-environment-node');

/**
 * Jest's Node environment, whose global object is one of V8's own. Jest puts a Proxy under it, so that each `Math` or
 * `Number` of the code under test passes an interceptor and a trap: detectors ran ten times slower than outside.
 */
module.exports = class PlainGlobalEnvironment extends TestEnvironment {
  constructor(config, context) {
    const { createContext } = vm;
    // Node 20.18 and newer; on an older one tests are slow, and the same.
    const { DONT_CONTEXTIFY } = vm.constants ?? {};
    if (DONT_CONTEXTIFY !== undefined) vm.createContext = () => createContext(DONT_CONTEXTIFY);
    try {
      super(config, context);
    } finally {
      vm.createContext = createContext;
    }
  }
};
