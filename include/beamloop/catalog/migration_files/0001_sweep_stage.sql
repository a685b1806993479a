-- The tables of watching and of the sweep stage. Later stages add theirs in later files.

CREATE DOMAIN beamloop.safe_name AS text
    CHECK (VALUE ~ '^[A-Za-z0-9][A-Za-z0-9_.+-]{0,79}$');
CREATE DOMAIN beamloop.sha256 AS text
    CHECK (VALUE ~ '^[0-9a-f]{64}$');
-- a, b, c in angstrom, alpha, beta, gamma in degrees
CREATE DOMAIN beamloop.unit_cell AS double precision[]
    CHECK (array_length(VALUE, 1) = 6 AND 0 < ALL (VALUE));

CREATE TABLE beamloop.beamlines (
    beamline beamloop.safe_name PRIMARY KEY,
    registered_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE beamloop.collections (
    collection_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    beamline text NOT NULL REFERENCES beamloop.beamlines,
    directory text NOT NULL,
    name text NOT NULL,
    key_name beamloop.safe_name NOT NULL,
    known_space_group text,
    known_unit_cell beamloop.unit_cell,
    registered_at timestamptz NOT NULL DEFAULT now(),
    -- one folder is one collection, however often it is found
    UNIQUE (beamline, directory),
    -- two collections never share a place in the artifact store
    UNIQUE (beamline, key_name)
);

CREATE TABLE beamloop.sweeps (
    sweep_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id bigint NOT NULL REFERENCES beamloop.collections,
    name text NOT NULL,
    key_name beamloop.safe_name NOT NULL,
    prefix text NOT NULL,
    digits smallint NOT NULL CHECK (digits BETWEEN 1 AND 12),
    suffix text NOT NULL,
    image_first integer NOT NULL CHECK (image_first >= 0),
    image_last integer NOT NULL,
    missing_images integer[] NOT NULL DEFAULT '{}',
    content_sha256 beamloop.sha256 NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_changed_at timestamptz NOT NULL DEFAULT now(),
    CHECK (image_last >= image_first),
    -- one template is one sweep, however often it is found
    UNIQUE (collection_id, prefix, digits, suffix),
    UNIQUE (collection_id, key_name)
);

CREATE TABLE beamloop.sweep_blocks (
    sweep_id bigint NOT NULL REFERENCES beamloop.sweeps ON DELETE CASCADE,
    block_number smallint NOT NULL CHECK (block_number >= 1),
    image_first integer NOT NULL,
    image_last integer NOT NULL,
    PRIMARY KEY (sweep_id, block_number),
    CHECK (image_last >= image_first)
);

-- A request is one run of the DAG process_collection: some sweeps of one collection.
CREATE TABLE beamloop.requests (
    request_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id bigint NOT NULL REFERENCES beamloop.collections,
    -- deterministic, so that asking Airflow twice starts one run
    dag_run_id text NOT NULL UNIQUE CHECK (dag_run_id ~ '^[A-Za-z0-9_.~:+-]+$'),
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    ended_at timestamptz
);
CREATE INDEX requests_waiting ON beamloop.requests (requested_at) WHERE started_at IS NULL;

CREATE TABLE beamloop.runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sweep_id bigint NOT NULL REFERENCES beamloop.sweeps,
    request_id bigint NOT NULL REFERENCES beamloop.requests,
    -- hash of sweep content, parameters, DIALS version and geometry
    run_key beamloop.sha256 NOT NULL,
    -- 0, or how many times the same work had been asked for before
    repetition smallint NOT NULL DEFAULT 0 CHECK (repetition >= 0),
    parameters jsonb NOT NULL,
    dials_version text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    ended_at timestamptz,
    -- the words of the last transient error, for the case that Airflow gives up
    last_trouble text NOT NULL DEFAULT '',
    CHECK (ended_at IS NULL OR started_at IS NOT NULL),
    -- the same work is never done twice unless asked
    UNIQUE (run_key, repetition)
);
CREATE INDEX runs_of_sweep ON beamloop.runs (sweep_id);
CREATE INDEX runs_of_request ON beamloop.runs (request_id);

CREATE TABLE beamloop.steps (
    run_id bigint NOT NULL REFERENCES beamloop.runs,
    step text NOT NULL
        CHECK (step IN ('import', 'find_spots', 'index', 'refine', 'integrate', 'export')),
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    -- what was found, in one line: "214 spots on 12 images"
    finding text NOT NULL,
    PRIMARY KEY (run_id, step)
);

-- A step may start several programs: index searches without symmetry, then imposes it.
CREATE TABLE beamloop.program_starts (
    run_id bigint NOT NULL,
    step text NOT NULL,
    start_number smallint NOT NULL CHECK (start_number >= 1),
    argv text[] NOT NULL CHECK (array_length(argv, 1) >= 1),
    program_end text NOT NULL
        CHECK (program_end IN ('exited', 'timed_out', 'out_of_memory', 'cancelled')),
    exit_code integer NOT NULL,
    missing_outputs text[] NOT NULL DEFAULT '{}',
    started_at timestamptz NOT NULL,
    wall_s double precision NOT NULL CHECK (wall_s >= 0),
    cpu_s double precision NOT NULL CHECK (cpu_s >= 0),
    peak_memory_bytes bigint NOT NULL CHECK (peak_memory_bytes >= 0),
    PRIMARY KEY (run_id, step, start_number),
    FOREIGN KEY (run_id, step) REFERENCES beamloop.steps ON DELETE CASCADE
);

-- One attempt of the indexing ladder.
CREATE TABLE beamloop.rungs (
    run_id bigint NOT NULL REFERENCES beamloop.runs,
    rung smallint NOT NULL CHECK (rung >= 1),
    method text NOT NULL,
    reason text NOT NULL,
    accepted boolean NOT NULL,
    indexed_count integer NOT NULL CHECK (indexed_count >= 0),
    finding text NOT NULL,
    cpu_s double precision NOT NULL CHECK (cpu_s >= 0),
    PRIMARY KEY (run_id, rung)
);

CREATE TABLE beamloop.spot_counts (
    run_id bigint PRIMARY KEY REFERENCES beamloop.runs,
    spot_count integer NOT NULL CHECK (spot_count >= 0),
    -- in order of image number, from the sweep's first image
    spots_per_image integer[] NOT NULL
);

-- Crystal, detector and beam as a step left them.
CREATE TABLE beamloop.crystals (
    run_id bigint NOT NULL REFERENCES beamloop.runs,
    step text NOT NULL CHECK (step IN ('index', 'refine', 'integrate')),
    crystal_number smallint NOT NULL CHECK (crystal_number >= 1),
    space_group text NOT NULL,
    cell beamloop.unit_cell NOT NULL,
    -- standard uncertainties in the order of cell; null where refinement gave none
    cell_su double precision[] CHECK (cell_su IS NULL OR array_length(cell_su, 1) = 6),
    indexed_count integer NOT NULL CHECK (indexed_count >= 0),
    rmsd_x_mm double precision,
    rmsd_y_mm double precision,
    rmsd_x_px double precision,
    rmsd_y_px double precision,
    rmsd_phi_deg double precision,
    distance_mm double precision NOT NULL,
    beam_x_mm double precision NOT NULL,
    beam_y_mm double precision NOT NULL,
    PRIMARY KEY (run_id, step, crystal_number)
);

CREATE TABLE beamloop.integrations (
    run_id bigint PRIMARY KEY REFERENCES beamloop.runs,
    summed_count integer NOT NULL CHECK (summed_count >= 0),
    profile_fitted_count integer NOT NULL CHECK (profile_fitted_count >= 0),
    mean_i_over_sigma double precision,
    d_min_angstrom double precision CHECK (d_min_angstrom > 0),
    -- false for the profile "cells": fast summation, good for cells, not for merging
    for_merging boolean NOT NULL
);

CREATE TABLE beamloop.outcomes (
    run_id bigint PRIMARY KEY REFERENCES beamloop.runs,
    code text NOT NULL CHECK (code IN (
        'processed', 'no_spots', 'too_few_spots', 'no_lattice', 'wrong_symmetry', 'refinement_failed',
        'too_few_reflections', 'integration_failed', 'unreadable_images', 'missing_images', 'timed_out',
        'out_of_memory', 'program_crashed', 'artifact_damaged', 'interrupted', 'cancelled')),
    step text NOT NULL,
    sentence text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outcomes_by_code ON beamloop.outcomes (code, recorded_at);

CREATE TABLE beamloop.artifacts (
    run_id bigint NOT NULL REFERENCES beamloop.runs,
    step text NOT NULL,
    name text NOT NULL,
    -- an object belongs to one row
    key text NOT NULL UNIQUE,
    sha256 beamloop.sha256 NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- a step publishes each of its files once
    PRIMARY KEY (run_id, step, name)
);

-- What happened and who did it, for people; never read back by the stages.
CREATE TABLE beamloop.events (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    happened_at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    kind text NOT NULL,
    collection_id bigint REFERENCES beamloop.collections,
    run_id bigint REFERENCES beamloop.runs,
    sentence text NOT NULL
);
CREATE INDEX events_in_time ON beamloop.events (happened_at);
