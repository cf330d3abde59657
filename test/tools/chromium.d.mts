import type { Browser } from 'playwright-core';

export const chromiumHint: string;
export function findChromium(): string | null;
export function startChromium(): Promise<Browser>;
