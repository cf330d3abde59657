import { nginxFactory } from './nginx/source.js';
import type { SourceFactory } from './source.js';

/** Every source that can be configured, by `product`. */
export const sourceFactories: readonly SourceFactory[] = [nginxFactory];
