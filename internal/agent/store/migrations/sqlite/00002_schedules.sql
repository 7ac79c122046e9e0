-- +goose Up

-- What is due for all tenants together.
CREATE TABLE schedules (
	name      TEXT PRIMARY KEY,
	schedule  TEXT NOT NULL,
	time_zone TEXT NOT NULL,
	next_due  BIGINT NOT NULL
);

-- What the quiet hours hold back from a channel, and what it was told meanwhile.
CREATE INDEX outbox_of_channel ON outbox (channel, made);

-- +goose Down
DROP INDEX outbox_of_channel;
DROP TABLE schedules;
