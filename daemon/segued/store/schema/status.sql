-- The status that people and other programs see. A complete file stays complete while
-- its import continues because more became known of it: an answer, a rename, a new rule.
-- It waits again only if its bytes changed, which clears finished_at.

CREATE TRIGGER files_show_status AFTER UPDATE OF status, finished_at ON files
BEGIN
    UPDATE files SET shown_status = CASE
        WHEN new.status IN ('PENDING', 'PROCESSING')
            AND old.shown_status = 'INGEST COMPLETE' AND new.finished_at IS NOT NULL
        THEN 'INGEST COMPLETE' ELSE new.status END
    WHERE id = new.id;
END;

CREATE TRIGGER files_show_first_status AFTER INSERT ON files
WHEN new.shown_status IS NOT new.status
BEGIN
    UPDATE files SET shown_status = new.status WHERE id = new.id;
END;
