-- What people have said of detectors: they were serviced at a time, and stand elsewhere since.

CREATE TABLE beamloop.detector_words (
    word_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    detector_id bigint NOT NULL REFERENCES beamloop.detectors,
    serviced_at timestamptz NOT NULL,
    -- the last word on a time counts
    word text NOT NULL CHECK (word IN ('serviced', 'taken_back')),
    said_by text NOT NULL CHECK (said_by <> ''),
    said_at timestamptz NOT NULL DEFAULT now(),
    why text NOT NULL CHECK (why <> '')
);
CREATE INDEX detector_words_of_time ON beamloop.detector_words (detector_id, serviced_at, word_id DESC);

CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON beamloop.detector_words
    FOR EACH ROW EXECUTE FUNCTION beamloop.refuse_change();
