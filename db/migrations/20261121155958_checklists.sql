CREATE TABLE "checklist_steps" (
	"workspace_id" text NOT NULL,
	"incident_id" text NOT NULL,
	"checklist" text NOT NULL,
	"step" text NOT NULL,
	"n" integer NOT NULL,
	"checklist_digest" text NOT NULL,
	"outcome" text NOT NULL,
	"note" text,
	"exit_code" integer,
	"output_sha256" text,
	"at" timestamptz(3) NOT NULL,
	"actor" text NOT NULL,
	"on_behalf_of" text,
	CONSTRAINT "checklist_steps_workspace_id_incident_id_checklist_step_n_pk" PRIMARY KEY("workspace_id","incident_id","checklist","step","n")
);
