/** A list of callbacks per event. One that throws does not keep the others from being called. */
export class Listeners<Events> {
  readonly #all = new Map<keyof Events, Set<(value: never) => void>>();

  /** Returns what takes the listener off again. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    const those = this.#all.get(name) ?? new Set();
    this.#all.set(name, those);
    those.add(listener);
    return () => void those.delete(listener);
  }

  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const listener of [...(this.#all.get(name) ?? [])]) {
      try {
        (listener as (value: Events[Name]) => void)(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
