-- Notifications, and what is needed to tell a run that nobody works on any more.

-- One message through one channel. Its key names what is told, so it is told once.
CREATE TABLE beamloop.notifications (
    notification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_key text NOT NULL CHECK (event_key ~ '^[A-Za-z0-9_.~:+-]+$'),
    channel text NOT NULL CHECK (channel IN ('webhook', 'email')),
    beamline text NOT NULL REFERENCES beamloop.beamlines,
    collection_id bigint REFERENCES beamloop.collections,
    -- names of things in Airflow and of people; never a password, never an address with one
    airflow_connection text NOT NULL,
    addresses text[] NOT NULL,
    message jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'given_up')),
    tries integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    next_try_at timestamptz NOT NULL DEFAULT now(),
    last_trouble text NOT NULL DEFAULT '',
    sent_at timestamptz,
    UNIQUE (event_key, channel),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX notifications_waiting ON beamloop.notifications (next_try_at) WHERE state = 'waiting';

-- Failures of one cause that follow each other closely; the burst is told once, however long it lasts.
CREATE TABLE beamloop.failure_bursts (
    burst_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    beamline text NOT NULL REFERENCES beamloop.beamlines,
    code text NOT NULL,
    cause text NOT NULL,
    last_failure_at timestamptz NOT NULL
);
CREATE INDEX failure_bursts_by_cause ON beamloop.failure_bursts (beamline, code, cause, last_failure_at);

-- When it was decided whether to tell the end of a request; what ended before this migration is not told.
ALTER TABLE beamloop.requests ADD COLUMN finish_noticed_at timestamptz;
UPDATE beamloop.requests SET finish_noticed_at = now() WHERE ended_at IS NOT NULL;
CREATE INDEX requests_finish_unnoticed ON beamloop.requests (collection_id)
    WHERE ended_at IS NOT NULL AND finish_noticed_at IS NULL;
CREATE INDEX requests_open ON beamloop.requests (requested_at) WHERE ended_at IS NULL;

-- An ended run that goes on (interrupted, cancelled) has no end any more, and works since then.
ALTER TABLE beamloop.runs ADD COLUMN reopened_at timestamptz;
CREATE INDEX runs_open ON beamloop.runs (request_id) WHERE ended_at IS NULL;
