import xz from 'xz-decompress';

/** The WebAssembly module inside xz-decompress; a context is a structure in its memory. */
interface XzModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  create_context(): number;
  destroy_context(context: number): void;
  supply_input(context: number, bytes: number): void;
  get_next_output(context: number): number;
}

/**
 * The package's own stream takes turns with every other one of the process: a second file is not begun before the first
 * has ended. A replay merges files and looks for checkpoints while files are open, so each gets a module of its own.
 */
const library = xz.XzReadableStream as unknown as {
  _getModuleInstance(): Promise<void>;
  _moduleInstance?: { readonly exports: XzModule } | undefined;
};

let turn: Promise<unknown> = Promise.resolve();

function instantiate(): Promise<XzModule> {
  const made = turn.then(async () => {
    await library._getModuleInstance();
    const instance = library._moduleInstance;
    if (instance === undefined) throw new TypeError('xz-decompress made no module');
    return instance.exports;
  });
  turn = made.catch(() => undefined);
  return made;
}

const OK = 0;
const STREAM_END = 1;

/** Words of a context: size of both buffers, then address, position and length of input, and of output. */
const word = { bufferBytes: 0, input: 1, inputAt: 2, inputBytes: 3, output: 4, outputAt: 5 } as const;

class Decoder {
  readonly #module: XzModule;
  readonly #context: number;

  constructor(module: XzModule) {
    this.#module = module;
    this.#context = module.create_context();
  }

  /** The memory moves when it grows, so that no view of it may be kept. */
  #word(index: number): number {
    return new Uint32Array(this.#module.memory.buffer, this.#context)[index] ?? 0;
  }

  /** Takes as much as its buffer holds, when it is {@link next | hungry}; nothing tells it that the file has ended. */
  supply(bytes: Buffer): number {
    const taken = Math.min(bytes.length, this.#word(word.bufferBytes));
    new Uint8Array(this.#module.memory.buffer, this.#word(word.input), taken).set(bytes.subarray(0, taken));
    this.#module.supply_input(this.#context, taken);
    return taken;
  }

  /** What could be read; also where the result is a fault. */
  next(): { readonly output: Buffer; readonly result: number; readonly hungry: boolean } {
    const result = this.#module.get_next_output(this.#context);
    const bytes = this.#word(word.outputAt);
    const output = Buffer.from(new Uint8Array(this.#module.memory.buffer, this.#word(word.output), bytes));
    const isRead = this.#word(word.inputAt) === this.#word(word.inputBytes);
    new Uint32Array(this.#module.memory.buffer, this.#context)[word.outputAt] = 0;
    return { output, result, hungry: isRead && bytes < this.#word(word.bufferBytes) };
  }

  destroy(): void {
    this.#module.destroy_context(this.#context);
  }
}

/**
 * The content of .xz, of all streams that were written one behind the other.
 *
 * @throws Error where it is broken or ends too early; what stood before has been yielded.
 */
export async function* xzContent(raw: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const decoder = new Decoder(await instantiate());
  try {
    for await (const chunk of raw) {
      for (let at = 0; at < chunk.length;) {
        at += decoder.supply(chunk.subarray(at));
        yield* outputs(decoder);
      }
    }
    decoder.supply(Buffer.alloc(0));
    if (!(yield* outputs(decoder))) throw new Error('the file ends inside of a stream');
  } finally {
    decoder.destroy();
  }
}

/** @returns whether the last stream has ended. */
function* outputs(decoder: Decoder): Generator<Buffer, boolean> {
  for (;;) {
    const { output, result, hungry } = decoder.next();
    if (output.length > 0) yield output;
    if (result !== OK && result !== STREAM_END) throw new Error(`xz fault ${result}`);
    if (result === STREAM_END || hungry) return result === STREAM_END;
  }
}
