CREATE TABLE "log_mentions" (
	"workspace_id" text NOT NULL,
	"topic" text NOT NULL,
	"epoch" integer NOT NULL,
	"idx" bigint NOT NULL,
	CONSTRAINT "log_mentions_workspace_id_topic_epoch_idx_pk" PRIMARY KEY("workspace_id","topic","epoch","idx")
);
--> statement-breakpoint
DROP INDEX "ledger_object";--> statement-breakpoint
ALTER TABLE "log_index" ADD COLUMN "at" timestamptz(3);--> statement-breakpoint
ALTER TABLE "log_index" ADD COLUMN "actor" text;--> statement-breakpoint
ALTER TABLE "log_index" ADD COLUMN "action" text;--> statement-breakpoint
ALTER TABLE "log_index" ADD COLUMN "object" text;--> statement-breakpoint
ALTER TABLE "log_index" DISABLE TRIGGER "log_index_append_only";--> statement-breakpoint
UPDATE "log_index" AS i SET at = e.at, actor = left(e.actor, 512), action = left(e.action, 512), object = left(e.object, 512)
  FROM "ledger_entries" AS e WHERE e.entry_id = i.entry_id;
--> statement-breakpoint
ALTER TABLE "log_index" ENABLE TRIGGER "log_index_append_only";--> statement-breakpoint
ALTER TABLE "log_index" ALTER COLUMN "at" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "log_index" ALTER COLUMN "actor" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "log_index" ALTER COLUMN "action" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "log_index" ALTER COLUMN "object" SET NOT NULL;--> statement-breakpoint
CREATE INDEX "log_index_object" ON "log_index" USING btree ("workspace_id","object","epoch","idx");--> statement-breakpoint
CREATE INDEX "log_index_at" ON "log_index" USING btree ("workspace_id","at","entry_id");--> statement-breakpoint
CREATE INDEX "log_index_actor" ON "log_index" USING btree ("workspace_id","actor","at","entry_id");--> statement-breakpoint
CREATE INDEX "log_index_action" ON "log_index" USING btree ("workspace_id","action","at","entry_id");--> statement-breakpoint
CREATE INDEX "log_index_entity" ON "log_index" USING btree ("workspace_id","object","at","entry_id");--> statement-breakpoint
-- What the entries concern that have their place already; the sequencer says it of every other.
WITH placed AS MATERIALIZED (
  SELECT i.epoch, i.idx, i.workspace_id, i.action, i.object, e.detail FROM "log_index" i JOIN "ledger_entries" e USING (entry_id))
INSERT INTO "log_mentions" (workspace_id, topic, epoch, idx) SELECT workspace_id, left(topic, 512), epoch, idx FROM (
  SELECT p.workspace_id, 'subject/' || h.target AS topic, p.epoch, p.idx FROM placed p
    JOIN "holds" h ON h.workspace_id = p.workspace_id AND h.incident_id = substr(p.object, 10)
    WHERE starts_with(p.object, 'incident/') AND h.gate = 'agent' AND h.target <> '*'
  UNION SELECT workspace_id, 'incident/' || split_part(object, '/', 2), epoch, idx FROM placed WHERE starts_with(object, 'hold/')
  UNION SELECT workspace_id, 'incident/' || split_part(object, '/', 3), epoch, idx FROM placed WHERE starts_with(object, 'escalation/')
  UNION SELECT workspace_id, 'incident/' || (named #>> '{}'), epoch, idx FROM placed,
      jsonb_path_query(CASE WHEN action IN ('escalation_opened', 'adapter_retired') THEN detail::jsonb END,
        '$.*[*] ? (@.type() == "string" && @ starts with "INC-")') AS named
  UNION SELECT workspace_id, 'subject/' || (told ->> 'target'), epoch, idx FROM placed,
      LATERAL (SELECT CASE WHEN action IN ('adapter_acknowledged', 'adapter_failed') THEN detail::jsonb END AS told) AS t
    WHERE told ->> 'gate' = 'agent' AND told ->> 'target' <> '*') AS m;
--> statement-breakpoint
CREATE TRIGGER log_mentions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_mentions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- For people with only psql: who did what to what, also while the log is not growing.
CREATE VIEW audit_events AS
  SELECT at AS ts, actor AS user_id, action, split_part(object, '/', 1) AS entity_type,
      substr(object, length(split_part(object, '/', 1)) + 2) AS entity_id, workspace_id FROM log_index
  UNION ALL
  SELECT at, actor, action, split_part(object, '/', 1), substr(object, length(split_part(object, '/', 1)) + 2), workspace_id
    FROM ledger_entries WHERE entry_id IN (SELECT unnest(entry_ids) FROM ledger_unsequenced);
