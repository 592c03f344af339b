/** One red pixel. */
export const png = {
  data: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC',
  mimeType: 'image/png',
}

/** One silent sample at 8 kHz. */
export const wav = {
  data: 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQIAAAAAAA==',
  mimeType: 'audio/wav',
}

/** The result of a tool that answers in words. */
export function says(text) {
  return { content: [{ type: 'text', text }] }
}
