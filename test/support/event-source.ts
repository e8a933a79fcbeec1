import { request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { eventually } from './eventually.ts';

export interface StreamEvent {
  id: string;
  event: string;
  data: Record<string, unknown>;
}

/** One connection to an event stream, read as WHATWG HTML §9.2.6 says. */
export interface EventSource {
  status: number;
  headers: IncomingHttpHeaders;
  events: StreamEvent[];
  comments: number;
  retry: number | undefined;
  /** What a client that comes back sends as `Last-Event-ID`. */
  lastEventId: string;
  /** How it ended: `end` as a server ends it, `cut` any other way. */
  over: 'end' | 'cut' | undefined;
  /** The body of a refusal. */
  body: string;
  pause: () => void;
  resume: () => void;
  /** Resolves when so many events are there. */
  count: (n: number) => Promise<StreamEvent[]>;
  close: () => void;
}

/** Connects, and resolves when the answer has begun; `headers` are the client's. */
export function openEventSource(url: string, headers: Record<string, string> = {}): Promise<EventSource> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { Accept: 'text/event-stream', ...headers }, agent: false }, (res) =>
      resolve(read(res, () => asked.destroy())),
    );
    asked.on('error', reject);
    asked.end();
  });
}

function read(res: IncomingMessage, close: () => void): EventSource {
  const source: EventSource = {
    status: res.statusCode ?? 0,
    headers: res.headers,
    events: [],
    comments: 0,
    retry: undefined,
    lastEventId: '',
    over: undefined,
    body: '',
    pause: () => void res.pause(),
    resume: () => void res.resume(),
    count: (n) => eventually(async () => source.events.length >= n && source.events),
    close,
  };
  let text = '';
  res.setEncoding('utf8');
  res.on('data', (chunk: string) => {
    if (source.status !== 200) source.body += chunk;
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) take(source, block.split('\n'));
  });
  res.on('end', () => (source.over ??= 'end'));
  res.on('error', () => (source.over ??= 'cut'));
  res.on('close', () => (source.over ??= 'cut'));
  return source;
}

function take(source: EventSource, lines: string[]): void {
  let event = 'message';
  let data: string | undefined;
  for (const line of lines) {
    const at = line.indexOf(':');
    const [field, value] = [line.slice(0, at), line.slice(at + 1).replace(/^ /, '')];
    if (field === '') source.comments += 1;
    else if (field === 'id') source.lastEventId = value;
    else if (field === 'event') event = value;
    else if (field === 'retry') source.retry = Number(value);
    else if (field === 'data') data = data === undefined ? value : `${data}\n${value}`;
    else throw new Error(`no such field: ${line}`);
  }
  if (data !== undefined)
    source.events.push({ id: source.lastEventId, event, data: JSON.parse(data) as Record<string, unknown> });
}
