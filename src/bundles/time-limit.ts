/** Ends by itself after `ms`, with a `TimeoutError`, and with any of the signals, with their reason. */
export function limitTime(
  signals: readonly AbortSignal[],
  ms: number,
): { readonly signal: AbortSignal; release(): void } {
  // Not AbortSignal.any over AbortSignal.timeout: where nothing else holds that timeout, it may be
  // collected as garbage before it fires.
  const controller = new AbortController()
  const timer = setTimeout(() => {
    controller.abort(new DOMException('The time is up', 'TimeoutError'))
  }, ms)
  const follow = (): void => {
    controller.abort(signals.find(({ aborted }) => aborted)?.reason)
  }
  for (const signal of signals) signal.addEventListener('abort', follow)
  if (signals.some(({ aborted }) => aborted)) follow()
  return {
    signal: controller.signal,
    release() {
      clearTimeout(timer)
      for (const signal of signals) signal.removeEventListener('abort', follow)
    },
  }
}
