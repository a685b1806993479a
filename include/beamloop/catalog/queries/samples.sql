-- name: put_sample_by_hand(directory, space_group, unit_cell, said_by)!
-- What a person says now replaces what was said before.
INSERT INTO beamloop.samples_by_hand (directory, space_group, unit_cell, said_by)
VALUES (:directory, :space_group, :unit_cell, :said_by)
ON CONFLICT (directory) DO UPDATE SET
    space_group = excluded.space_group, unit_cell = excluded.unit_cell,
    said_by = excluded.said_by, said_at = now();

-- name: delete_sample_by_hand(directory)!
-- A person takes back what was said.
DELETE FROM beamloop.samples_by_hand WHERE directory = :directory;

-- name: sample_by_hand(directory)^
-- What a person said of the sample in a folder.
SELECT space_group, unit_cell, said_by, said_at FROM beamloop.samples_by_hand WHERE directory = :directory;

-- name: collections_of_directory(directory)
-- A folder is a collection of each beamline that looked at it.
SELECT collection_id, beamline, directory, name, registered_at FROM beamloop.collections
WHERE directory = :directory ORDER BY collection_id DESC;
