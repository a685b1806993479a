-- A crystal whose cell rests on too few reflections is named in a report, and has no voice in it.

ALTER TABLE beamloop.crystals
    -- reflections that refinement used; null where that is not known: runs from before, tables without the mark
    ADD COLUMN used_count integer CHECK (used_count >= 0);

ALTER TABLE beamloop.report_members
    DROP CONSTRAINT report_members_standing_check,
    DROP CONSTRAINT report_members_check,
    ADD CONSTRAINT report_members_standing_check
        CHECK (standing IN ('member', 'outlier', 'excluded', 'not_judged')),
    -- only what is in the tree has a number in it
    ADD CONSTRAINT report_members_check CHECK ((standing IN ('excluded', 'not_judged')) = (serial IS NULL));
