-- name: clock_s()$
-- The one clock that every watcher uses: seconds since 1970.
SELECT extract(epoch FROM clock_timestamp())::double precision;

-- name: lock_watched_folder(beamline, directory)$
-- Let one look at a folder come after the other, also the first, which finds no row that it could lock.
SELECT pg_advisory_xact_lock(hashtextextended(:beamline || '/' || :directory, 0));

-- name: watched_folders(beamline)
-- What decides whether a folder is read again, without its sweeps.
SELECT directory, mtime_ns, patterns, read_s, settled, subfolders
FROM beamloop.watched_folders WHERE beamline = :beamline;

-- name: watched_folder(beamline, directory)^
-- All that was seen in one folder.
SELECT mtime_ns, patterns, first_seen_s, changed_seen_s, read_s, settled, emptiness_said, subfolders, twins_said,
       sweeps
FROM beamloop.watched_folders WHERE beamline = :beamline AND directory = :directory;

-- name: put_watched_folder(beamline, directory, mtime_ns, patterns, first_seen_s, changed_seen_s, read_s, settled, emptiness_said, subfolders, twins_said, sweeps)!
-- Keep what was seen.
INSERT INTO beamloop.watched_folders
    (beamline, directory, mtime_ns, patterns, first_seen_s, changed_seen_s, read_s, settled, emptiness_said,
     subfolders, twins_said, sweeps)
VALUES (:beamline, :directory, :mtime_ns, :patterns, :first_seen_s, :changed_seen_s, :read_s, :settled,
        :emptiness_said, :subfolders, :twins_said, :sweeps)
ON CONFLICT (beamline, directory) DO UPDATE SET
    mtime_ns = excluded.mtime_ns, patterns = excluded.patterns, changed_seen_s = excluded.changed_seen_s,
    read_s = excluded.read_s, settled = excluded.settled, emptiness_said = excluded.emptiness_said,
    subfolders = excluded.subfolders, twins_said = excluded.twins_said, sweeps = excluded.sweeps;

-- name: forget_watched_folder(beamline, directory, below)
-- A folder has gone, with all below it; the folders that held sweeps come back.
WITH gone AS (
    DELETE FROM beamloop.watched_folders
    WHERE beamline = :beamline AND (directory = :directory OR starts_with(directory, :below))
    RETURNING directory, sweeps
)
SELECT directory, jsonb_array_length(sweeps) AS sweep_count FROM gone
WHERE sweeps <> '[]' ORDER BY directory;

-- name: collection_at(beamline, directory)$
-- The collection of a folder, null where nothing in it was asked for yet.
SELECT collection_id FROM beamloop.collections WHERE beamline = :beamline AND directory = :directory;
