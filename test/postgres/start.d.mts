// Types of start.mjs, for the tests that are compiled.

export function programs(): string | null;
export const MISSING: string;
export interface Server {
  database(name: string): Promise<string>;
  up(): Promise<void>;
  down(mode?: 'fast' | 'immediate' | 'smart'): Promise<void>;
}
export function startPostgres(dir: string): Promise<Server>;
