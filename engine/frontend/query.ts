// Parameters of a request's query. uWebSockets.js says of one without a value, or with a broken escape, that it is not
// there; who sent it meant something by it, and is not to be treated as somebody who said nothing.

import type { HttpRequest } from 'uWebSockets.js';

/** The first value of `name`, decoded; '' when it cannot be read; undefined when the query does not name it. */
export function queryValue(req: HttpRequest, name: string): string | undefined {
  const value = req.getQuery(name);
  if (value !== undefined) return value;
  // Without a query it is undefined, whatever its type says.
  const query: string | undefined = req.getQuery();
  if (!query) return undefined;
  const named = query.split('&').some((part) => part === name || part.startsWith(`${name}=`));
  return named ? '' : undefined;
}
