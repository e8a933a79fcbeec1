-- Whoever appends entries, by whatever program, also says that they wait for their place in the log.
CREATE FUNCTION queue_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ledger_unsequenced (entry_ids)
    SELECT array_agg(entry_id ORDER BY entry_id) FROM appended HAVING count(*) > 0;
  PERFORM pg_notify('ledger_entries', '');
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER ledger_entries_queue AFTER INSERT ON ledger_entries
  REFERENCING NEW TABLE AS appended FOR EACH STATEMENT EXECUTE FUNCTION queue_entries();
--> statement-breakpoint
INSERT INTO ledger_unsequenced (entry_ids)
  SELECT array_agg(entry_id ORDER BY entry_id) FROM ledger_entries GROUP BY entry_id / 1000 ORDER BY entry_id / 1000;
--> statement-breakpoint
CREATE TRIGGER log_index_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_index
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER log_tiles_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_tiles
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER log_roots_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_roots
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
