import { StrictJsonError } from '../../domain/json/error.ts';
import { parseStrictJson } from '../../domain/json/strict-json.ts';

/** Undefined for what is not JSON: what cannot be read cannot be redacted either. */
export function readBody(text: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    return readEvents(text);
  }
}

/** Events whose data is JSON, as an MCP server answers (Streamable HTTP, `text/event-stream`): a list of what they say. */
function readEvents(text: string): unknown {
  const lines = text.split(/\r?\n/);
  if (!lines.every((line) => /^(?:$|:|(?:event|id|retry|data):)/.test(line))) return undefined;
  const said = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice('data:'.length).trim());
  try {
    return said.length === 0 ? undefined : said.filter((data) => data !== '').map(parseStrictJson);
  } catch (error) {
    if (error instanceof StrictJsonError) return undefined;
    throw error;
  }
}
