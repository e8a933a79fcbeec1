CREATE TABLE "registry_blobs" (
	"workspace_id" text NOT NULL,
	"digest" text NOT NULL,
	"bytes" bigint NOT NULL,
	"first_put_at" timestamptz(3) NOT NULL,
	"put_at" timestamptz(3) NOT NULL,
	"referenced" boolean DEFAULT false NOT NULL,
	"broken" text,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "registry_blobs_workspace_id_digest_pk" PRIMARY KEY("workspace_id","digest"),
	CONSTRAINT "registry_blobs_digest" CHECK ("registry_blobs"."digest" ~ '^[0-9a-f]{64}$'),
	CONSTRAINT "registry_blobs_broken" CHECK ("registry_blobs"."broken" IN ('blob_missing', 'blob_corrupt'))
);
--> statement-breakpoint
CREATE TABLE "registry_bundle_blobs" (
	"workspace_id" text NOT NULL,
	"name" text NOT NULL,
	"version" text NOT NULL,
	"path" text NOT NULL,
	"digest" text NOT NULL,
	"bytes" bigint NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "registry_bundle_blobs_workspace_id_name_version_path_pk" PRIMARY KEY("workspace_id","name","version","path")
);
--> statement-breakpoint
CREATE TABLE "registry_bundles" (
	"workspace_id" text NOT NULL,
	"name" text NOT NULL,
	"version" text NOT NULL,
	"digest" text NOT NULL,
	"manifest" text NOT NULL,
	"blobs" integer NOT NULL,
	"bytes" bigint NOT NULL,
	"published_at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "registry_bundles_workspace_id_name_version_pk" PRIMARY KEY("workspace_id","name","version"),
	CONSTRAINT "registry_bundles_digest" CHECK ("registry_bundles"."digest" ~ '^[0-9a-f]{64}$')
);
--> statement-breakpoint
CREATE TABLE "registry_upload_parts" (
	"workspace_id" text NOT NULL,
	"upload_id" text NOT NULL,
	"start" bigint NOT NULL,
	"bytes" bigint NOT NULL,
	"key" text NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "registry_upload_parts_workspace_id_upload_id_start_pk" PRIMARY KEY("workspace_id","upload_id","start")
);
--> statement-breakpoint
CREATE TABLE "registry_uploads" (
	"workspace_id" text NOT NULL,
	"upload_id" text NOT NULL,
	"digest" text NOT NULL,
	"bytes" bigint NOT NULL,
	"received" bigint DEFAULT 0 NOT NULL,
	"opened_at" timestamptz(3) NOT NULL,
	"not_after" timestamptz(3) NOT NULL,
	"completed_at" timestamptz(3),
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "registry_uploads_workspace_id_upload_id_pk" PRIMARY KEY("workspace_id","upload_id"),
	CONSTRAINT "registry_uploads_digest" CHECK ("registry_uploads"."digest" ~ '^[0-9a-f]{64}$'),
	CONSTRAINT "registry_uploads_received" CHECK ("registry_uploads"."received" BETWEEN 0 AND "registry_uploads"."bytes")
);
--> statement-breakpoint
ALTER TABLE "registry_bundle_blobs" ADD CONSTRAINT "registry_bundle_blobs_bundle" FOREIGN KEY ("workspace_id","name","version") REFERENCES "public"."registry_bundles"("workspace_id","name","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "registry_bundle_blobs" ADD CONSTRAINT "registry_bundle_blobs_blob" FOREIGN KEY ("workspace_id","digest") REFERENCES "public"."registry_blobs"("workspace_id","digest") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "registry_upload_parts" ADD CONSTRAINT "registry_upload_parts_upload" FOREIGN KEY ("workspace_id","upload_id") REFERENCES "public"."registry_uploads"("workspace_id","upload_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "registry_blobs_digest" ON "registry_blobs" USING btree ("digest");--> statement-breakpoint
CREATE INDEX "registry_blobs_unreferenced" ON "registry_blobs" USING btree ("put_at") WHERE NOT referenced;--> statement-breakpoint
CREATE INDEX "registry_bundle_blobs_digest" ON "registry_bundle_blobs" USING btree ("workspace_id","digest");--> statement-breakpoint
CREATE INDEX "registry_uploads_end" ON "registry_uploads" USING btree ("not_after");--> statement-breakpoint
CREATE INDEX "registry_uploads_open" ON "registry_uploads" USING btree ("workspace_id") WHERE completed_at IS NULL;--> statement-breakpoint
CREATE TRIGGER registry_bundles_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON registry_bundles
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER registry_bundle_blobs_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON registry_bundle_blobs
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
