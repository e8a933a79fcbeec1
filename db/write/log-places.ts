/** What is searched for by its beginning only: no entry may be too long for an index, or the log would stop at it. */
export const SEARCHED_LENGTH = 512;

const searched = (column: string): string => `left(${column}, ${SEARCHED_LENGTH}) AS ${column}`;

/**
 * What entries concern besides their objects. An incident concerns the subject that it freezes by name; a hold, an
 * escalation, and an adapter's answer or retirement concern the incidents they are of or name.
 */
const MENTIONED = `SELECT p.workspace_id, 'subject/' || h.target AS topic, p.idx FROM placed p
    JOIN holds h ON h.workspace_id = p.workspace_id AND h.incident_id = substr(p.object, 10)
    WHERE starts_with(p.object, 'incident/') AND h.gate = 'agent' AND h.target <> '*'
  UNION SELECT workspace_id, 'incident/' || split_part(object, '/', 2), idx FROM placed WHERE starts_with(object, 'hold/')
  UNION SELECT workspace_id, 'incident/' || split_part(object, '/', 3), idx FROM placed WHERE starts_with(object, 'escalation/')
  UNION SELECT workspace_id, 'incident/' || (named #>> '{}'), idx FROM placed,
      jsonb_path_query(CASE WHEN action IN ('escalation_opened', 'adapter_acknowledged', 'adapter_retired') THEN detail::jsonb END,
        '$.*[*] ? (@.type() == "string" && @ starts with "INC-")') AS named
  UNION SELECT workspace_id, 'subject/' || (told ->> 'target'), idx FROM placed,
      LATERAL (SELECT CASE WHEN action IN ('adapter_acknowledged', 'adapter_failed') THEN detail::jsonb END AS told) AS t
    WHERE told ->> 'gate' = 'agent' AND told ->> 'target' <> '*'`;

/**
 * Gives the entries `$3` their places in epoch `$1` from `$2` on, in the order of their ids, with what they are searched by.
 * Returns their leaf hashes in that order.
 */
export const PLACE = `WITH placed AS MATERIALIZED (
    SELECT $2::int8 + row_number() OVER (ORDER BY entry_id) - 1 AS idx, entry_id, workspace_id, at, ${searched('actor')},
        ${searched('action')}, ${searched('object')}, detail, leaf_hash
      FROM ledger_entries WHERE entry_id = ANY($3::int8[])),
  indexed AS (INSERT INTO log_index (epoch, idx, entry_id, workspace_id, at, actor, action, object)
    SELECT $1, idx, entry_id, workspace_id, at, actor, action, object FROM placed),
  mentioned AS (INSERT INTO log_mentions (workspace_id, topic, epoch, idx)
    SELECT DISTINCT workspace_id, left(topic, ${SEARCHED_LENGTH}), $1::int4, idx FROM (${MENTIONED}) AS m)
  SELECT leaf_hash FROM placed ORDER BY idx`;
