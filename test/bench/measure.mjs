// Clocks and counters of one measured piece of work.

/** Starts a clock; the function returned says the rates of `count` units per second of wall and of CPU time. */
export function stopwatch() {
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  return (count) => {
    const seconds = (performance.now() - before) / 1000;
    const cpu = process.cpuUsage(cpuBefore);
    const cpuSeconds = (cpu.user + cpu.system) / 1e6;
    return {
      count,
      seconds: round(seconds, 3),
      cpu_seconds: round(cpuSeconds, 3),
      per_second: Math.round(count / seconds),
      per_cpu_second: Math.round(count / Math.max(cpuSeconds, 0.001)),
    };
  };
}

/** Runs `work`, which resolves to how many units it did. */
export async function measure(work) {
  const stop = stopwatch();
  return stop(await work());
}

export const round = (value, digits = 1) => Number(value.toFixed(digits));

/** Largest resident memory of this process so far, MiB. */
export const peakRssMib = () => round(process.resourceUsage().maxRSS / 1024);

/** Nearest-rank percentile of numbers; `share` in (0, 1]. */
export function percentile(values, share) {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** Polls until the condition holds; an answer that only failed for the moment is asked for again. */
export async function until(condition, timeoutMs, what) {
  const deadline = performance.now() + timeoutMs;
  const holds = async () => {
    try {
      return await condition();
    } catch (error) {
      if (/** @type {{ retryable?: boolean }} */ (error).retryable !== true) throw error;
      return false;
    }
  };
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what} took longer than ${timeoutMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const chunks = (list, size) =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));
