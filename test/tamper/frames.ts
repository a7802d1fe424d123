// zstd frames by hand (RFC 8878 §3.1.1): raw blocks only, which every reader understands.

const MAX_BLOCK = 128 * 1024;

/** One frame that stores `content` as it is; `sized` = the header tells the content's size, as firn's frames must. */
export function storedFrame(content: Uint8Array, sized = true): Uint8Array {
  const magic = Buffer.from('28b52ffd', 'hex');
  const header = Buffer.alloc(sized ? 5 : 2);
  if (sized) {
    header[0] = 0b1010_0000;
    header.writeUInt32LE(content.length, 1);
  } else {
    // A window of 1 MiB.
    header[1] = 10 << 3;
  }
  const parts: Uint8Array[] = [magic, header];
  for (let at = 0; at === 0 || at < content.length; at += MAX_BLOCK) {
    const block = content.subarray(at, at + MAX_BLOCK);
    const head = Buffer.alloc(3);
    head.writeUIntLE((block.length << 3) | (at + MAX_BLOCK >= content.length ? 1 : 0), 0, 3);
    parts.push(head, block);
  }
  return Buffer.concat(parts);
}

/** A frame that readers are told to skip. */
export function skippableFrame(bytes: number): Uint8Array {
  const frame = Buffer.alloc(8 + bytes);
  frame.writeUInt32LE(0x184d2a50, 0);
  frame.writeUInt32LE(bytes, 4);
  return frame;
}
