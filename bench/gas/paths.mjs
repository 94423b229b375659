// Where things lie. Nothing that is fetched or compiled leaves `target`.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
export const cache = path.join(root, 'target', 'gas');
export const document = path.join(root, 'docs', 'gas.md');
