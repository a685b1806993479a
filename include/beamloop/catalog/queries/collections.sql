-- name: add_beamline(beamline)!
-- Know a beamline; a second time changes nothing.
INSERT INTO beamloop.beamlines (beamline) VALUES (:beamline) ON CONFLICT DO NOTHING;

-- name: put_collection(beamline, directory, name, key_name, space_group, unit_cell)$
-- Know a folder of images; what is known of the sample is kept unless something newer is said.
INSERT INTO beamloop.collections
    (beamline, directory, name, key_name, known_space_group, known_unit_cell)
VALUES (:beamline, :directory, :name, :key_name, :space_group, :unit_cell)
ON CONFLICT (beamline, directory) DO UPDATE SET
    known_space_group = coalesce(excluded.known_space_group, collections.known_space_group),
    known_unit_cell = coalesce(excluded.known_unit_cell, collections.known_unit_cell)
RETURNING collection_id;

-- name: put_sweep(collection_id, name, key_name, prefix, digits, suffix, image_first, image_last, missing_images, kind, data_files, content_sha256, collected_at)$
-- Know a sweep as it is now on the disk.
INSERT INTO beamloop.sweeps
    (collection_id, name, key_name, prefix, digits, suffix, image_first, image_last, missing_images,
     kind, data_files, content_sha256, collected_at)
VALUES (:collection_id, :name, :key_name, :prefix, :digits, :suffix, :image_first, :image_last,
        :missing_images, :kind, :data_files, :content_sha256,
        -- a file server's clock may go ahead; no data are of the future
        coalesce(least(:collected_at::timestamptz, now()), now()))
ON CONFLICT (collection_id, prefix, digits, suffix) DO UPDATE SET
    image_first = excluded.image_first,
    image_last = excluded.image_last,
    missing_images = excluded.missing_images,
    data_files = excluded.data_files,
    content_sha256 = excluded.content_sha256,
    collected_at = coalesce(least(:collected_at::timestamptz, now()), sweeps.collected_at),
    last_changed_at = CASE WHEN sweeps.content_sha256 = excluded.content_sha256
                           THEN sweeps.last_changed_at ELSE now() END
RETURNING sweep_id;

-- name: clear_blocks(sweep_id)!
-- Forget a sweep's blocks before they are written anew.
DELETE FROM beamloop.sweep_blocks WHERE sweep_id = :sweep_id;

-- name: add_block(sweep_id, block_number, image_first, image_last)!
-- One contiguous part of a sweep.
INSERT INTO beamloop.sweep_blocks (sweep_id, block_number, image_first, image_last)
VALUES (:sweep_id, :block_number, :image_first, :image_last);

-- name: known_contents(beamline, directory)
-- The sweeps of a folder that have a run for what is on the disk, by template.
SELECT DISTINCT s.prefix, s.digits, s.suffix, s.content_sha256
FROM beamloop.sweeps s
JOIN beamloop.collections c USING (collection_id)
JOIN beamloop.runs r USING (sweep_id)
WHERE c.beamline = :beamline AND c.directory = :directory;

-- name: find_collections(text)
-- Collections by exact folder, or by name; the newest first.
SELECT collection_id, beamline, directory, name, registered_at
FROM beamloop.collections
WHERE directory = :text OR name = :text OR key_name = :text
ORDER BY collection_id DESC;

-- name: recent_collections(limit)
-- The newest collections with how their sweeps' newest runs stand.
SELECT c.collection_id, c.beamline, c.name, c.directory, c.registered_at, n.*
FROM beamloop.collections c
CROSS JOIN LATERAL (
    SELECT count(*) AS sweeps, count(ended_at) AS ended, count(*) FILTER (WHERE state = 'processed') AS processed
    FROM beamloop.sweep_standings t WHERE t.collection_id = c.collection_id
) n
ORDER BY c.collection_id DESC
LIMIT :limit;

-- name: key_name_taken(collection_id, key_name, prefix, digits, suffix)$
-- Whether another template of the collection has this place in the artifact store.
SELECT EXISTS (
    SELECT 1 FROM beamloop.sweeps
    WHERE collection_id = :collection_id AND key_name = :key_name
      AND (prefix, digits, suffix) IS DISTINCT FROM (:prefix, :digits::smallint, :suffix)
);
