// Memory for one batch, and the buffer that the host writes into. Both are whole
// pages of their own: the garbage collector does not know them, and what the
// host is given to read stays where it is.

const PAGE: usize = 65536;
/** In front of a chunk's room: the next chunk and the room's size. */
const HEAD: usize = 16;

let first: usize = 0;
let current: usize = 0;
let next: usize = 0;
let left: usize = 0;
let input: usize = 0;
let inputSize: usize = 0;

/** Whole pages that hold size bytes, at the end of memory, or 0. */
function take(size: usize): usize {
  const before = memory.grow(<i32>((size + PAGE - 1) / PAGE));
  return before < 0 ? 0 : <usize>before * PAGE;
}

function pages(size: usize): usize {
  return (size + PAGE - 1) / PAGE * PAGE;
}

/** Makes a chunk the one that room is handed out of. */
function use(chunk: usize): void {
  current = chunk;
  next = chunk == 0 ? 0 : chunk + HEAD;
  left = chunk == 0 ? 0 : load<usize>(chunk, 4);
}

/** Gives back what the last batch used. Chunks are kept. */
export function reset(): void {
  use(first);
}

/** Goes on to the next chunk that has room. */
function refill(size: usize): void {
  let chunk = current;
  while (chunk != 0 && load<usize>(chunk) != 0) {
    chunk = load<usize>(chunk);
    if (load<usize>(chunk, 4) >= size) return use(chunk);
  }
  const room = pages(size + HEAD);
  const fresh: usize = room < size ? 0 : take(room);
  if (fresh == 0) throw new Error("out of memory: " + size.toString() + " bytes for a batch");
  store<usize>(fresh, 0);
  store<usize>(fresh, room - HEAD, 4);
  if (chunk == 0) first = fresh;
  else store<usize>(chunk, fresh);
  use(fresh);
}

/**
 * Memory until the processor returns, aligned to 8, with any content. It traps
 * when there is none left, which costs the batch and not the host.
 */
export function alloc(size: usize): usize {
  const rounded = (size + 7) & ~7;
  if (rounded < size || rounded > left) refill(rounded < size ? size : rounded);
  const at = next;
  next += rounded;
  left -= rounded;
  return at;
}

/**
 * The buffer that the host writes into, or 0 when there is no memory for it. The
 * old one serves batches then, unless it can be made longer.
 */
export function buffer(size: usize): usize {
  if (input != 0 && size <= inputSize) return input;
  const room = pages(size + 1);
  if (room < size) return 0;
  if (input != 0 && input + inputSize == <usize>memory.size() * PAGE) {
    if (take(room - inputSize) == 0) return 0;
  } else {
    const fresh = take(room);
    if (fresh == 0) return 0;
    if (input != 0) {
      store<usize>(input, first);
      store<usize>(input, inputSize - HEAD, 4);
      first = input;
    }
    input = fresh;
  }
  inputSize = room;
  return input;
}

/**
 * Tells whether bytes may be passed on as they lie: those of the batch and of
 * alloc.
 */
export function lasts(at: usize): bool {
  if (at - input < inputSize) return true;
  for (let chunk = first; chunk != 0; chunk = load<usize>(chunk)) {
    if (at - chunk - HEAD < load<usize>(chunk, 4)) return true;
  }
  return false;
}
