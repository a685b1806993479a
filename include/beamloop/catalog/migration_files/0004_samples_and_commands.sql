-- What a person says of a sample by hand, and where each program ran.

CREATE TABLE beamloop.samples_by_hand (
    -- a folder, not a collection: it may be said before the first image is there
    directory text PRIMARY KEY,
    space_group text,
    unit_cell beamloop.unit_cell,
    said_by text NOT NULL,
    said_at timestamptz NOT NULL DEFAULT now(),
    -- nothing known is no row
    CHECK (space_group IS NOT NULL OR unit_cell IS NOT NULL)
);

-- below the step's folder, "" for the folder itself: "rung-1/search"
ALTER TABLE beamloop.program_starts ADD COLUMN folder text NOT NULL DEFAULT '';
