// What the engine says over a `firn.v1` WebSocket, decoded and checked. A message of an unknown type is passed over,
// so that an engine may learn new ones.

export interface Hello {
  readonly type: 'hello';
  readonly session: string;
  /** Number of the frame that the engine expects next. */
  readonly next: number;
  /** Frames that may be in flight without an acknowledgement; 0 = wait for `window`. */
  readonly window: number;
  readonly maxFrameBytes: number;
}

export interface Ack {
  readonly type: 'ack';
  /** Every frame below this number is durable. */
  readonly next: number;
}

/** One refused record, or (`more`) how many refused records of the frame were not told one by one. */
export interface Reject {
  readonly type: 'reject';
  readonly frame: number;
  /** Index of the record in its frame, from 0. */
  readonly record?: number;
  readonly code?: string;
  readonly detail?: string;
  readonly more?: number;
}

export interface Window {
  readonly type: 'window';
  readonly frames: number;
}

export type ServerMessage = Hello | Ack | Reject | Window;

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isHello(message: Partial<Hello>): boolean {
  return (
    typeof message.session === 'string' &&
    isCount(message.next) &&
    isCount(message.window) &&
    isCount(message.maxFrameBytes)
  );
}

function isReject(message: Partial<Reject>): boolean {
  if (!isCount(message.frame)) return false;
  return isCount(message.more) || (isCount(message.record) && typeof message.code === 'string');
}

/** The message; null = a type that this client does not know; undefined = not a message of `firn.v1` at all. */
export function decodeMessage(data: unknown): ServerMessage | null | undefined {
  if (typeof data !== 'string') return undefined;
  let message: Partial<ServerMessage> | null;
  try {
    message = JSON.parse(data) as Partial<ServerMessage> | null;
  } catch {
    return undefined;
  }
  switch (message?.type) {
    case 'hello':
      return isHello(message) ? (message as Hello) : undefined;
    case 'ack':
      return isCount(message.next) ? (message as Ack) : undefined;
    case 'reject':
      return isReject(message) ? (message as Reject) : undefined;
    case 'window':
      return isCount(message.frames) ? (message as Window) : undefined;
    default:
      return typeof message === 'object' && message !== null ? null : undefined;
  }
}
