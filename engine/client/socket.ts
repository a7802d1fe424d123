// The WebSocket under a client: the platform's where there is one, package `ws` (loaded only then) where not. Nothing
// of Node is imported at the top, so that a bundler can take this file into a browser as it is.

/** What the client uses of a WebSocket (the WHATWG interface; `terminate` only where `ws` has it). */
export interface SocketLike {
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: ((event: unknown) => void) | null;
  send(data: Uint8Array): void;
  close(code?: number, reason?: string): void;
  terminate?(): void;
}

/** Any WHATWG WebSocket class. */
export type SocketConstructor = new (url: string, protocols: string[]) => object;

/** A socket that is being opened, and the HTTP status that refused it, where the platform tells. */
export interface Opening {
  readonly socket: SocketLike;
  status(): number | null;
}

export type Opener = (url: string, protocols: string[]) => Opening;

/** Longest message that an engine sends; a longer one is not from firn. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

function opening(WebSocketClass: SocketConstructor): Opener {
  return (url, protocols) => ({
    socket: new WebSocketClass(url, protocols) as SocketLike,
    status: () => null,
  });
}

async function openerOfWs(): Promise<Opener> {
  const { WebSocket } = await import('ws');
  return (url, protocols) => {
    const socket = new WebSocket(url, protocols, {
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
    });
    let status: number | null = null;
    socket.on('unexpected-response', (_request, response) => {
      status = response.statusCode ?? null;
      socket.terminate();
    });
    return { socket: socket as unknown as SocketLike, status: () => status };
  };
}

/** How this platform opens a WebSocket; at once where it has one of its own. */
export function findOpener(given: SocketConstructor | undefined): Opener | Promise<Opener> {
  const found = given ?? (globalThis as { WebSocket?: SocketConstructor }).WebSocket;
  return found === undefined ? openerOfWs() : opening(found);
}

/** The endpoint with the session, and the schema where one is named, in its query. Throws TypeError for what is not a URL of ws, wss, http or https. */
export function endpointOf(url: string, stream: string, session: string, schema?: string): string {
  const endpoint = new URL(url);
  if (endpoint.protocol === 'http:') endpoint.protocol = 'ws:';
  if (endpoint.protocol === 'https:') endpoint.protocol = 'wss:';
  if (endpoint.protocol !== 'ws:' && endpoint.protocol !== 'wss:') {
    throw new TypeError(`a URL begins with ws://, wss://, http:// or https://, not ${endpoint.protocol}//`);
  }
  if (endpoint.pathname === '/') endpoint.pathname = `/v1/streams/${encodeURIComponent(stream)}/ws`;
  endpoint.searchParams.set('session', session);
  if (schema !== undefined) endpoint.searchParams.set('schema', schema);
  endpoint.hash = '';
  return endpoint.href;
}

/** Subprotocols to offer: `firn.v1`, and the token, which the engine reads and never echoes. */
export function protocolsOf(token: string | undefined): string[] {
  if (token === undefined) return ['firn.v1'];
  const binary = Array.from(new TextEncoder().encode(token), (byte) => String.fromCharCode(byte)).join('');
  const base64url = btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return ['firn.v1', `firn.bearer.${base64url}`];
}
