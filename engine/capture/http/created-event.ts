// The event that a 201 of POST /epcis/events tells (openapi.yaml, SingleEvent): as it was sent, with the id that it was given.

import { readFile } from 'node:fs/promises';

/**
 * @param path of the body: a bare event in JSON, which was accepted
 * @param eventId its id: the one that was sent, else the event hash
 * @returns JSON; null where the body has gone, since what is sealed already needs it no more
 */
export async function createdEvent(path: string, eventId: string): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null || !eventId.startsWith('ni:') || text.includes('"eventID"')) return text;
  return text.replace('{', () => `{"eventID":${JSON.stringify(eventId)},`);
}
