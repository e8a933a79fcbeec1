import { ill, well } from '../../../domain/doctor/finding.ts';
import type { Said } from '../../../domain/doctor/finding.ts';
import type { ClientCheck } from '../check.ts';

/** The server says where a stream stands as soon as it is open: what is later was held back on the way. */
const FIRST_FRAME_MS = 5_000;
const LONGEST_FRAME = 64 * 1024;

/** A line of WHATWG HTML §9.2.5: a comment, or a field that there is. */
const LINE = /^(:.*|(data|event|id|retry)(: ?.*)?)$/;

/** Opens the event stream through whatever stands before the server, and expects its first frame, whole and at once. */
export const check: ClientCheck = {
  name: 'client:event_stream',
  component: false,
  run: async (client) => {
    const over = new AbortController();
    const late = setTimeout(() => over.abort(), FIRST_FRAME_MS);
    try {
      const reply = await client.stream('/v1/events/stream', over.signal);
      if (reply.status !== 200) return ill('stream_refused', `the stream answers with status ${reply.status}`);
      const type = reply.headers.get('content-type') ?? 'none';
      if (!/^text\/event-stream\b/i.test(type))
        return ill('stream_malformed', `the stream is of type ${type.slice(0, 64)}`);
      return judge(await firstFrame(reply));
    } catch (error) {
      if (over.signal.aborted) return ill('stream_buffered', 'the first frame did not arrive within 5 s');
      throw error;
    } finally {
      clearTimeout(late);
      over.abort();
    }
  },
};

/** Up to the blank line that ends it; null when the stream ends before. */
async function firstFrame(reply: Response): Promise<string | null> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  for await (const chunk of (reply.body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    const end = text.indexOf('\n\n');
    if (end !== -1) return text.slice(0, end);
    if (text.length > LONGEST_FRAME) return null;
  }
  return null;
}

function judge(frame: string | null): Said {
  if (frame === null) return ill('stream_malformed', 'the stream ended before its first frame did');
  const lines = frame.split('\n');
  if (!lines.every((line) => LINE.test(line))) return ill('stream_malformed', 'a line of the stream is no field');
  return lines.some((line) => line.startsWith('id: ')) && lines.some((line) => line.startsWith('retry: '))
    ? well('the first frame came at once')
    : ill('stream_malformed', 'the first frame does not say where the stream stands');
}
