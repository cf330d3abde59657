// `node --import ./test/tools/run-typescript.mjs FILE.ts` runs a TypeScript file of the tests without a build.
import { register } from 'node:module';


register('./typescript-loader.mjs', import.meta.url);
