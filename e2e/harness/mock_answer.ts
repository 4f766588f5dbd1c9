// What the built-in mock is documented to say, so that a test can check every character of it.

export function mockText(prompt: string): string {
  return `You said: "${prompt}". I am the mock model of Sluice; set up a provider to talk to a real one.`;
}

export function mockReasoning(prompt: string): string {
  return `The user wrote ${[...prompt].length} characters. I am a mock: I say what I was told.`;
}
