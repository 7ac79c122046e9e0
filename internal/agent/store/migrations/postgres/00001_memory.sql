-- +goose Up

-- What the overview shows: a tenant and its latest run.
CREATE TABLE tenants (
	name        TEXT PRIMARY KEY,
	schedule    TEXT NOT NULL,
	time_zone   TEXT NOT NULL,
	next_period BIGINT,            -- NULL: a removed tenant has none
	next_due    BIGINT,            -- the period and the tenant's share of the jitter
	removed     BIGINT,            -- since when it is no longer configured
	last_run    BIGINT,
	last_at     BIGINT,
	last_report BIGINT,            -- the last run that made a report
	good_at     BIGINT,            -- and when
	verdict     TEXT NOT NULL DEFAULT '',
	exit_code   BIGINT NOT NULL DEFAULT 0,
	failure     TEXT NOT NULL DEFAULT '',
	memory      TEXT NOT NULL DEFAULT ''
);

-- The status of every check now, and since when.
CREATE TABLE states (
	tenant   TEXT NOT NULL,
	check_id TEXT NOT NULL,
	status   TEXT NOT NULL,
	since    BIGINT NOT NULL,
	run      BIGINT NOT NULL,      -- in which it began
	seen     BIGINT NOT NULL,      -- in which it was there last
	PRIMARY KEY (tenant, check_id)
);

CREATE TABLE runs (
	id        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tenant    TEXT NOT NULL,
	period    BIGINT NOT NULL,
	asked_by  TEXT NOT NULL,       -- '': the schedule
	begun     BIGINT NOT NULL,
	ended     BIGINT NOT NULL,
	version   TEXT NOT NULL,
	verdict   TEXT NOT NULL,       -- '': there is no report
	exit_code BIGINT NOT NULL,
	statuses  TEXT NOT NULL,       -- JSON: check id to status
	failure   TEXT NOT NULL,       -- why there is no report
	UNIQUE (tenant, period)
);
CREATE INDEX runs_of_tenant ON runs (tenant, id);

-- What a run leaves: whole, or as the difference to the document of another run.
CREATE TABLE documents (
	run  BIGINT NOT NULL,
	kind TEXT NOT NULL,
	base BIGINT,                   -- the run whose document it is a difference to; NULL: it is whole
	size BIGINT NOT NULL,
	body BYTEA NOT NULL,           -- zstd
	PRIMARY KEY (run, kind)
);
CREATE INDEX documents_whole ON documents (run) WHERE base IS NULL;
CREATE INDEX documents_resting ON documents (base, kind) WHERE base IS NOT NULL;

-- The whole document that the next one of a tenant is compared with.
CREATE TABLE bases (
	tenant TEXT NOT NULL,
	kind   TEXT NOT NULL,
	run    BIGINT NOT NULL,
	whole  BIGINT NOT NULL,        -- its size here
	least  BIGINT NOT NULL,        -- the smallest difference to it
	excess BIGINT NOT NULL,        -- by how much the others were larger, in all
	PRIMARY KEY (tenant, kind)
);

CREATE TABLE outbox (
	id         TEXT PRIMARY KEY,   -- also its idempotency key
	tenant     TEXT NOT NULL,
	channel    TEXT NOT NULL,
	body       TEXT NOT NULL,
	made       BIGINT NOT NULL,
	not_before BIGINT NOT NULL,
	sent       BIGINT,
	given_up   BIGINT,
	attempts   BIGINT NOT NULL DEFAULT 0,
	error      TEXT NOT NULL DEFAULT ''
);
CREATE INDEX outbox_waiting ON outbox (not_before) WHERE sent IS NULL AND given_up IS NULL;

CREATE TABLE waivers (
	id       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tenant   TEXT NOT NULL,
	cause    TEXT NOT NULL,
	subject  TEXT NOT NULL,
	reason   TEXT NOT NULL,
	until    TEXT NOT NULL,        -- a day, included
	made_by  TEXT NOT NULL,
	made_at  BIGINT NOT NULL,
	ended_by TEXT NOT NULL DEFAULT '',
	ended_at BIGINT
);
CREATE INDEX waivers_of_tenant ON waivers (tenant);

CREATE TABLE audit (
	id     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	at     BIGINT NOT NULL,
	who    TEXT NOT NULL,
	action TEXT NOT NULL,
	tenant TEXT NOT NULL,
	detail TEXT NOT NULL           -- JSON
);

-- +goose Down
DROP TABLE audit;
DROP TABLE waivers;
DROP TABLE outbox;
DROP TABLE bases;
DROP TABLE documents;
DROP TABLE runs;
DROP TABLE states;
DROP TABLE tenants;
