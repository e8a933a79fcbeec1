ALTER TABLE "secret_versions" ALTER COLUMN "envelope" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "secret_slots" ADD COLUMN "previous_version" integer;--> statement-breakpoint
ALTER TABLE "secret_slots" ADD COLUMN "staged_version" integer;--> statement-breakpoint
-- Until now every earlier version was the previous one.
UPDATE "secret_slots" SET "previous_version" = "current_version" - 1 WHERE "current_version" > 1;--> statement-breakpoint
ALTER TABLE "secret_versions" ADD COLUMN "destroyed_at" timestamptz(3);--> statement-breakpoint
ALTER TABLE "secret_versions" ADD CONSTRAINT "secret_versions_destroyed" CHECK (("secret_versions"."envelope" IS NULL) = ("secret_versions"."destroyed_at" IS NOT NULL));