-- name: newest_event(collection_id, kind)^
-- The last word of a kind in a collection.
SELECT happened_at, actor, kind, sentence FROM beamloop.events
WHERE collection_id = :collection_id AND kind = :kind ORDER BY event_id DESC LIMIT 1;

-- name: events_of_collection(collection_id)
-- A collection's events, each sentence once, with the time when it was said last.
SELECT happened_at, actor, kind, sentence FROM (
    SELECT DISTINCT ON (kind, sentence) event_id, happened_at, actor, kind, sentence
    FROM beamloop.events WHERE collection_id = :collection_id
    ORDER BY kind, sentence, event_id DESC
) said ORDER BY event_id;
