/**
 * Waits for work no longer than it may take; what is late goes on by itself.
 *
 * @returns whether the work ended in time.
 * @throws what the work throws in time.
 */
export async function endsWithin(work: Promise<unknown> | undefined | null, deadlineMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), deadlineMs);
  });
  try {
    return await Promise.race([Promise.resolve(work).then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
