import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';

/** A door that knows an admin's and a reader's token by their files, as the API does; `also` are let in besides. */
export interface TokenDoor {
  url: string;
  also: Set<string>;
  /** Refuses whoever comes with what a file holds now. */
  shut: boolean;
  close: () => Promise<void>;
}

export async function openTokenDoor(adminFile: string, readerFile: string): Promise<TokenDoor> {
  const server = createServer((req, res) => {
    void judge(req.method ?? '', (req.headers.authorization ?? '').replace('Bearer ', '')).then((status) =>
      res.writeHead(status).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const door: TokenDoor = {
    url: `http://127.0.0.1:${port}`,
    also: new Set(),
    shut: false,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return door;

  async function judge(method: string, token: string): Promise<number> {
    if (door.also.has(token)) return 200;
    const [admin, reader] = await Promise.all(
      [adminFile, readerFile].map(async (f) => (await readFile(f, 'utf8')).trim()),
    );
    if (door.shut || (token !== admin && token !== reader)) return 401;
    return method === 'GET' || token === admin ? 200 : 403;
  }
}
