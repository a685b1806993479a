-- What the last look at each folder saw, so that the next one reads only what may have changed.
CREATE TABLE beamloop.watched_folders (
    -- watched before its first collection: no reference to beamlines
    beamline beamloop.safe_name NOT NULL,
    directory text NOT NULL,
    -- the file server's time; compared with itself only, never with a clock
    mtime_ns bigint NOT NULL,
    patterns text[] NOT NULL,
    -- this database's clock, in seconds since 1970; it may be set back, so no order is demanded
    first_seen_s double precision NOT NULL,
    changed_seen_s double precision NOT NULL,
    read_s double precision NOT NULL,
    -- nothing in it is awaited: it is read again when its mtime changes
    settled boolean NOT NULL,
    emptiness_said boolean NOT NULL,
    subfolders text[] NOT NULL,
    -- one entry for each sweep: images, content, when seen, whether asked for
    sweeps jsonb NOT NULL,
    PRIMARY KEY (beamline, directory)
);
