-- Runs whose results DIALS made elsewhere.
CREATE TABLE beamloop.adoptions (
    run_id bigint PRIMARY KEY REFERENCES beamloop.runs,
    adopted_by text NOT NULL,
    adopted_at timestamptz NOT NULL DEFAULT now(),
    -- the folder as it was named to Beamloop; its files may change or go
    directory text NOT NULL,
    -- where the images were when DIALS read them; nothing is read from there
    template text NOT NULL
);

-- What was adopted, byte for byte.
CREATE TABLE beamloop.adopted_files (
    run_id bigint NOT NULL REFERENCES beamloop.adoptions ON DELETE CASCADE,
    path text NOT NULL,
    sha256 beamloop.sha256 NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    PRIMARY KEY (run_id, path)
);
