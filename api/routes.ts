import { readdir } from 'node:fs/promises';
import type { Route } from './route.ts';

const FOLDER = new URL('./routes/', import.meta.url);

/** Every file of the folder is one route; a new file is a new route. */
export async function loadRoutes(): Promise<Route[]> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.ts')).sort();
  const modules = await Promise.all(
    files.map((name) => import(new URL(name, FOLDER).href) as Promise<{ route: Route }>),
  );
  return modules.map((module) => module.route);
}
