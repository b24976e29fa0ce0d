"""What is wrong with files, as one table: why they failed, or are not whole.

A file has a failure of its own, or none; beside it one of the code `flavor` if it
could not be found out how it sounds, which is put on record passage by passage.
"""

from typing import Final

from segued.model import PhaseNumber

__all__ = ["FILE_PROBLEMS"]

FILE_PROBLEMS: Final = f"""(
    SELECT file_id, phase, code, detail, fatal, at FROM failures
    UNION ALL
    SELECT
        passages.file_id, {PhaseNumber.FLAVOR:d}, 'flavor',
        path_text || ': ' || CASE
            WHEN count(*) > 1
            THEN 'passage ' || min(ordinal) || ' and ' || (count(*) - 1) || ' more: '
            WHEN min(ordinal) > 1 THEN 'passage ' || min(ordinal) || ': '
            ELSE ''
        END || flavor_failure,  -- of the passage with the least ordinal
        0,
        coalesce(
            (
                SELECT at FROM checkpoints
                WHERE file_id = files.id AND phase = {PhaseNumber.FLAVOR:d}
            ),
            finished_at, added_at
        )
    FROM passages JOIN files ON files.id = passages.file_id
    WHERE flavor_failure IS NOT NULL
    GROUP BY passages.file_id
) AS problems"""
"""To be joined with `files`; of those that are MISSING there is nothing to mend."""
