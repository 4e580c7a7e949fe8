/** Open files by path, the least recently used closed when there are more than `limit`. */
export class HandleCache<T extends { close(): void }> {
  readonly #open: (path: string) => T;
  readonly #limit: number;
  readonly #handles = new Map<string, T>();

  constructor(limit: number, open: (path: string) => T) {
    this.#limit = limit;
    this.#open = open;
  }

  /** The handle of `path`, opened if need be. Throws what opening throws. */
  get(path: string): T {
    const handle = this.#handles.get(path) ?? this.#open(path);
    // A Map keeps the order of insertion: the newest use goes last.
    this.#handles.delete(path);
    this.#handles.set(path, handle);
    for (const oldest of this.#handles.keys()) {
      if (this.#handles.size <= this.#limit) break;
      this.close(oldest);
    }
    return handle;
  }

  close(path: string): void {
    const handle = this.#handles.get(path);
    this.#handles.delete(path);
    handle?.close();
  }

  /** Closes the handles below `directory` that `keep` does not hold. */
  closeExcept(directory: string, keep: ReadonlySet<string>): void {
    for (const path of [...this.#handles.keys()]) {
      if (path.startsWith(`${directory}/`) && !keep.has(path)) this.close(path);
    }
  }

  closeAll(): void {
    for (const path of [...this.#handles.keys()]) this.close(path);
  }
}
