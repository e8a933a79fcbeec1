ALTER TABLE "master_keys" ADD COLUMN "next_key_id" text;--> statement-breakpoint
ALTER TABLE "master_keys" ADD COLUMN "migration" text;--> statement-breakpoint
CREATE INDEX "leases_ended" ON "leases" USING btree ("not_after");--> statement-breakpoint
CREATE INDEX "secret_slots_wrapped_by" ON "secret_slots" USING btree (split_part("wrapped_key", '.', 3),"workspace_id","slot");--> statement-breakpoint
ALTER TABLE "master_keys" ADD CONSTRAINT "master_keys_next" CHECK ("master_keys"."next_key_id" IS NULL OR ("master_keys"."migration" IS NOT NULL AND "master_keys"."next_key_id" <> "master_keys"."key_id"));