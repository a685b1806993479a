-- A sweep without a lattice is tried once more with what the other sweeps of its collection found.

-- The run that a second chance is to better; each run gets one at most, and a second chance gets none: what
-- a later one would find can only come from another second chance.
ALTER TABLE beamloop.runs ADD COLUMN second_chance_of bigint UNIQUE REFERENCES beamloop.runs;
ALTER TABLE beamloop.runs ADD CHECK (second_chance_of < run_id);

-- Whether a run may stand for its sweep. A second chance that is to better a processed run stands for the
-- sweep when it is processed itself, not before: trying must not take a result away.
ALTER TABLE beamloop.runs ADD COLUMN stands boolean NOT NULL DEFAULT true;
ALTER TABLE beamloop.runs ADD CHECK (stands OR second_chance_of IS NOT NULL);
