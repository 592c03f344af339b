/** What the upstream answers to these arguments, different for each call; the load client expects exactly this. */
export function answerTo({ city, day }) {
  return `Weather in ${city} on day ${day}: ${day % 40} degrees. ${filler}`
}

const filler = 'Winds are light and the sky is mostly clear. '.repeat(6)
