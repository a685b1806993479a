-- Sweeps whose images one HDF5 master file lists.

ALTER TABLE beamloop.sweeps
    ADD COLUMN kind text NOT NULL DEFAULT 'numbered' CHECK (kind IN ('numbered', 'master')),
    -- below the collection's folder, in the order in which the master names them
    ADD COLUMN data_files text[] NOT NULL DEFAULT '{}',
    DROP CONSTRAINT sweeps_digits_check,
    ADD CONSTRAINT sweeps_digits_check CHECK (digits BETWEEN 0 AND 12),
    -- a master's template is its name: no digit stands for an image number
    ADD CONSTRAINT sweeps_kind_tells_digits CHECK ((kind = 'master') = (digits = 0)),
    ADD CONSTRAINT sweeps_only_masters_name_files CHECK (kind = 'master' OR data_files = '{}');

-- Sentences on sweeps that lie in the folder twice; each is said once.
ALTER TABLE beamloop.watched_folders ADD COLUMN twins_said text[] NOT NULL DEFAULT '{}';
