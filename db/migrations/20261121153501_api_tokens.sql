CREATE TABLE "api_tokens" (
	"workspace_id" text NOT NULL,
	"token_sha256" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"roles" text[] NOT NULL,
	"label" text,
	"report_source" text,
	"report_classes" text[],
	"created_at" timestamptz(3) NOT NULL,
	"not_after" timestamptz(3) NOT NULL,
	"disabled" smallint DEFAULT 0 NOT NULL,
	"disabled_at" timestamptz(3),
	"disabled_by" text,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "api_tokens_sha256" CHECK ("api_tokens"."token_sha256" ~ '^[0-9a-f]{64}$'),
	CONSTRAINT "api_tokens_end" CHECK (isfinite("api_tokens"."not_after")),
	CONSTRAINT "api_tokens_roles" CHECK (cardinality("api_tokens"."roles") > 0),
	CONSTRAINT "api_tokens_disabled" CHECK ("api_tokens"."disabled" IN (0, 1) AND ("api_tokens"."disabled" = 1) = ("api_tokens"."disabled_at" IS NOT NULL))
);
--> statement-breakpoint
CREATE INDEX "api_tokens_list" ON "api_tokens" USING btree ("workspace_id","created_at","token_sha256");
--> statement-breakpoint
CREATE TRIGGER api_tokens_never_deleted BEFORE DELETE OR TRUNCATE ON api_tokens
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- RFC 8785: keys in order, no space; to_json escapes strings as ECMAScript does.
CREATE FUNCTION api_token_terms(t api_tokens) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT '{"disabled":' || t.disabled
    || ',"not_after":"' || to_char(t.not_after AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    || '","report_classes":' || coalesce(to_json(t.report_classes)::text, 'null')
    || ',"report_source":' || coalesce(to_json(t.report_source)::text, 'null')
    || ',"roles":' || to_json(t.roles)::text
    || ',"user_id":' || to_json(t.user_id)::text || '}'
$$;
--> statement-breakpoint
-- What a person changes with psql is an entry of the ledger in the same transaction: the leaf is the one that our own
-- commands would write. They mark their transaction with its id, and write entries of their own.
CREATE FUNCTION record_break_glass(t api_tokens, detail text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  now timestamptz(3) := date_trunc('milliseconds', clock_timestamp());
  who text := 'break_glass:' || session_user;
  leaf text := '{"action":"break_glass","actor":' || to_json(who)::text
    || ',"at":"' || to_char(now AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","detail":' || detail
    || ',"object":"token/' || t.token_sha256 || '","on_behalf_of":null,"policy_digest":null,"record_hash":null,'
    || '"record_version":null,"workspace_id":' || to_json(t.workspace_id)::text || '}';
BEGIN
  INSERT INTO ledger_entries (workspace_id, at, actor, action, object, detail, leaf, leaf_hash)
    VALUES (t.workspace_id, now, who, 'break_glass', 'token/' || t.token_sha256, detail, leaf,
      sha256(decode('00', 'hex') || convert_to(leaf, 'UTF8')));
END $$;
--> statement-breakpoint
CREATE FUNCTION watch_api_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ours boolean := coalesce(current_setting('interlock.command', true), '') = pg_current_xact_id()::text;
  origin text := coalesce(to_json(host(inet_client_addr()))::text, 'null');
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (NEW.token_sha256, NEW.workspace_id, NEW.user_id, NEW.created_at)
        IS DISTINCT FROM (OLD.token_sha256, OLD.workspace_id, OLD.user_id, OLD.created_at) THEN
      RAISE EXCEPTION 'whose token it is does not change' USING ERRCODE = '42501';
    END IF;
    IF OLD.disabled = 1 AND NEW.disabled <> 1 THEN
      RAISE EXCEPTION 'a disabled token stays disabled: issue another' USING ERRCODE = '42501';
    END IF;
    IF OLD.disabled = 1 THEN
      NEW.disabled_at := OLD.disabled_at;
      NEW.disabled_by := OLD.disabled_by;
    ELSIF NEW.disabled = 1 AND NOT ours THEN
      NEW.disabled_at := date_trunc('milliseconds', clock_timestamp());
      NEW.disabled_by := 'break_glass:' || session_user;
    END IF;
  END IF;
  IF NOT ours AND TG_OP = 'INSERT' THEN
    PERFORM record_break_glass(NEW, '{"after":' || api_token_terms(NEW) || ',"from":' || origin || ',"operation":"insert"}');
  ELSIF NOT ours AND NEW IS DISTINCT FROM OLD THEN
    PERFORM record_break_glass(NEW, '{"after":' || api_token_terms(NEW) || ',"before":' || api_token_terms(OLD)
      || ',"from":' || origin || ',"operation":"update"}');
  END IF;
  PERFORM pg_notify('api_tokens', NEW.token_sha256);
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER api_tokens_watched BEFORE INSERT OR UPDATE ON api_tokens
  FOR EACH ROW EXECUTE FUNCTION watch_api_tokens();
