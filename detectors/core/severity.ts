import type { Severity } from './detector.js';

/** Severity of a reading by how many times it exceeds its threshold, 1 or more. */
export function escalate(factor: number): Severity {
  if (factor >= 8) return 'critical';
  if (factor >= 3) return 'high';
  return factor >= 1.5 ? 'medium' : 'low';
}
